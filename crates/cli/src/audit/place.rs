//! Which market: one that runs on a state folder, or one told by flags.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use atoma_chain::Deployment;
use atoma_market::{Ready, folder::Saved};
use clap::Args;
use serde::de::DeserializeOwned;

/// Largest file that is read.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where the market is.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// State folder of a market that `atoma up` runs on this machine.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".atoma",
        env = "ATOMA_STATE"
    )]
    state: PathBuf,
    /// A fullnode's gRPC API, instead of the one of the market on DIR.
    #[arg(long, value_name = "URL")]
    rpc: Option<String>,
    /// The market's coordinates on its chain, as JSON, instead of those of the market on DIR.
    #[arg(long, value_name = "FILE")]
    deployment: Option<PathBuf>,
}

/// A market on its chain.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) rpc: String,
    pub(crate) deployment: Deployment,
}

impl Place {
    /// The market on a state folder.
    #[cfg(test)]
    pub(crate) const fn on(state: PathBuf) -> Self {
        Self {
            state,
            rpc: None,
            deployment: None,
        }
    }

    /// The chain, and where the market lives on it.
    ///
    /// # Errors
    /// For people: what is missing.
    pub(crate) fn chain(&self) -> anyhow::Result<Chain> {
        let rpc = match &self.rpc {
            Some(url) => url.clone(),
            None => self.ready()?.rpc_url,
        };
        let deployment = match &self.deployment {
            Some(path) => {
                let value: serde_json::Value =
                    read(path)?.ok_or_else(|| anyhow!("there is no file {}", path.display()))?;
                let inner = value.get("deployment").unwrap_or(&value).clone();
                serde_json::from_value(inner)
                    .with_context(|| format!("{} names no deployment", path.display()))?
            }
            None => {
                let saved: Option<Saved> = read(&self.state.join("market.json"))?;
                saved.ok_or_else(|| self.none())?.deployment
            }
        };
        Ok(Chain { rpc, deployment })
    }

    /// How to use the market that runs on the state folder.
    ///
    /// # Errors
    /// For people: no market runs there.
    pub(crate) fn ready(&self) -> anyhow::Result<Ready> {
        read(&self.state.join("ready.json"))?.ok_or_else(|| self.none())
    }

    fn none(&self) -> anyhow::Error {
        let state = self.state.display();
        anyhow!("no market runs on {state}: start one with `atoma up --state {state}`")
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let bytes = match std::fs::metadata(path) {
        Ok(found) if found.len() > MAX_FILE_BYTES => bail!("{} is too large", path.display()),
        Ok(_) => std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("cannot read {}", path.display())),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .with_context(|| format!("{} is damaged", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_market_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::on(folder.path().to_owned());
        let error = place.chain().unwrap_err().to_string();
        assert!(error.starts_with("no market runs on"), "{error}");
        assert!(error.contains("atoma up"), "{error}");
        std::fs::write(folder.path().join("ready.json"), "{").unwrap();
        let error = place.chain().unwrap_err().to_string();
        assert!(error.contains("ready.json is damaged"), "{error}");
    }
}
