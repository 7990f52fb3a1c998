//! Settings of a role, from weakest to strongest: defaults, file, environment, flags.
//!
//! The environment variable of a field is `ATOMA_ROLE__FIELD`, as in `ATOMA_SEQUENCER__LISTEN` or
//! `ATOMA_NODE__SETTLE__INTERVAL_MS`; the flag is `--set field=value`, as in `--set
//! settle.interval_ms=1000`.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use config::{Config, Environment, File, FileFormat};
use serde::{Serialize, de::DeserializeOwned};

/// Where a role's settings come from.
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Settings as TOML. Environment and flags win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one field, as in `--set listen=127.0.0.1:0`. May be given more than once; wins over all.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Print the settings as they would be used, as TOML, and end.
    #[arg(long)]
    pub(crate) print_config: bool,
}

impl SettingsArgs {
    /// Resolves the settings of `role`.
    ///
    /// # Errors
    /// For people: which source is wrong and how.
    pub(crate) fn load<T>(&self, role: &str) -> anyhow::Result<T>
    where
        T: Default + Serialize + DeserializeOwned,
    {
        let environment =
            Environment::with_prefix(&format!("ATOMA_{}", role.to_uppercase())).separator("__");
        self.resolve(environment)
    }

    fn resolve<T>(&self, environment: Environment) -> anyhow::Result<T>
    where
        T: Default + Serialize + DeserializeOwned,
    {
        let defaults = toml::to_string(&T::default()).context("the defaults")?;
        let mut builder = Config::builder().add_source(File::from_str(&defaults, FileFormat::Toml));
        if let Some(path) = &self.config {
            builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
        }
        builder = builder.add_source(environment.prefix_separator("_").try_parsing(true));
        for set in &self.set {
            let (field, value) = set
                .split_once('=')
                .ok_or_else(|| anyhow!("--set {set:?}: write FIELD=VALUE"))?;
            let line = toml::from_str::<toml::Table>(&format!("{field} = {value}"))
                .or_else(|_| toml::from_str(&format!("{field} = {value:?}")))
                .map_err(|error| anyhow!("--set {set:?}: {}", error.message()))?;
            let text = toml::to_string(&line).context("a flag")?;
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let resolved = builder
            .build()
            .map_err(|error| anyhow!("settings: {error}"))?;
        resolved
            .try_deserialize()
            .map_err(|error| anyhow!("settings: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        listen: String,
        count: u64,
        inner: Inner,
    }

    #[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        deep: u64,
    }

    impl Default for Settings {
        fn default() -> Self {
            Self {
                listen: "default".into(),
                count: 1,
                inner: Inner::default(),
            }
        }
    }

    fn load(file: Option<&str>, env: &[(&str, &str)], set: &[&str]) -> anyhow::Result<Settings> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let config = file.map(|text| {
            std::fs::write(&path, text).unwrap();
            path.clone()
        });
        let set = set.iter().map(|text| (*text).to_owned()).collect();
        let args = SettingsArgs {
            config,
            set,
            print_config: false,
        };
        let variables = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let environment = Environment::with_prefix("ATOMA_TEST")
            .separator("__")
            .source(Some(variables));
        args.resolve(environment)
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        assert_eq!(load(None, &[], &[]).unwrap(), Settings::default());
        let file = "listen = \"file\"\ncount = 2\n[inner]\ndeep = 2";
        let from_file = load(Some(file), &[], &[]).unwrap();
        assert_eq!(
            (
                from_file.listen.as_str(),
                from_file.count,
                from_file.inner.deep
            ),
            ("file", 2, 2)
        );
        let env = [("ATOMA_TEST_COUNT", "3"), ("ATOMA_TEST_INNER__DEEP", "3")];
        let from_env = load(Some(file), &env, &[]).unwrap();
        assert_eq!((from_env.count, from_env.inner.deep), (3, 3));
        let from_flag = load(Some(file), &env, &["inner.deep=4", "listen=127.0.0.1:0"]).unwrap();
        assert_eq!((from_flag.count, from_flag.inner.deep), (3, 4));
        assert_eq!(from_flag.listen, "127.0.0.1:0");
    }

    #[test]
    fn mistakes_are_named() {
        let unknown = load(Some("lisen = \"x\""), &[], &[])
            .unwrap_err()
            .to_string();
        assert!(unknown.contains("lisen"), "{unknown}");
        let wrong = load(None, &[], &["count=many"]).unwrap_err().to_string();
        assert!(wrong.contains("count") || wrong.contains("many"), "{wrong}");
        assert!(
            load(None, &[], &["count"])
                .unwrap_err()
                .to_string()
                .contains("FIELD=VALUE")
        );
    }
}
