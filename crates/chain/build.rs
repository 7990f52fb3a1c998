//! Generates Rust types of the Move structs and the enum of named aborts from the contracts' source.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Move packages and what their generated module is called.
const PACKAGES: [(&str, &str); 2] = [("atoma", "atoma_package"), ("usd", "usd_package")];

fn main() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let workspace = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    println!("cargo::rerun-if-changed=build.rs");
    let mut errors = Vec::new();
    for (package, name) in PACKAGES {
        let path = workspace.join("move").join(package);
        // A new file touches its folder only; the generator watches the files it has seen.
        println!("cargo::rerun-if-changed={}", path.join("sources").display());
        if !path.join("sources").is_dir() {
            return Err(format!("{} is missing: the contracts' source", path.display()).into());
        }
        moverox_build::move_package(&path, name)
            .with_implicit_sui_imports()
            .map_address("std", "::moverox_sui::move_stdlib")
            .map_address("sui", "::moverox_sui::sui")
            .build()
            .map_err(|error| format!("{package}: {error} (run the Move compiler for a line)"))?;
        for file in move_files(&path.join("sources"))? {
            errors.extend(named_errors(package, &fs::read_to_string(file)?)?);
        }
    }
    fs::write(out.join("aborts.rs"), aborts(&errors))?;
    Ok(())
}

/// `#[error(code = N)] const EName: vector<u8> = b"text";` of one module.
struct NamedError {
    package: &'static str,
    module: String,
    code: u8,
    name: String,
    text: String,
}

fn move_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            files.extend(move_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "move")
        {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn named_errors(package: &'static str, source: &str) -> Result<Vec<NamedError>> {
    let Some(module) = source
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("module "))
        .and_then(|rest| rest.split_once("::"))
        .map(|(_, name)| name.trim_end_matches([';', ' ', '{']).to_owned())
    else {
        return Ok(Vec::new());
    };
    let mut errors = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find("#[error(code") {
        rest = &rest[at..];
        let bad = || {
            format!("{package}::{module}: an #[error] is not `const EName: vector<u8> = b\"..\"`")
        };
        let (code, after) = between(rest, "=", ")]").ok_or_else(bad)?;
        let (name, after) = between(after, "const ", ":").ok_or_else(bad)?;
        let (text, after) = between(after, "b\"", "\";").ok_or_else(bad)?;
        errors.push(NamedError {
            package,
            module: module.clone(),
            code: code.trim().parse()?,
            name: name.trim().to_owned(),
            text: text.to_owned(),
        });
        rest = after;
    }
    errors.sort_by_key(|error| error.code);
    Ok(errors)
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close)
}

/// The enum's source: a variant an error, named `ModuleName` as in `ChannelWrongNode`.
fn aborts(errors: &[NamedError]) -> String {
    use std::fmt::Write as _;
    let mut variants = String::new();
    let mut table = String::new();
    for error in errors {
        let NamedError {
            package,
            module,
            code,
            name,
            text,
        } = error;
        let variant = format!("{}{}", camel(module), name.trim_start_matches('E'));
        let _ = writeln!(variants, "    /// `{package}::{module}::{name}`: {text}.");
        let _ = writeln!(variants, "    {variant},");
        let _ = writeln!(
            table,
            "    (Named::{variant}, Source {{ package: \"{package}\", module: \"{module}\", code: {code}, name: \"{name}\", text: \"{text}\" }}),"
        );
    }
    format!(
        "/// A named error of the contracts: module and name, as in their source.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n\
         #[non_exhaustive]\n\
         pub enum Named {{\n{variants}}}\n\n\
         /// Every named error with its place in the source.\n\
         pub(super) const TABLE: [(Named, Source); {}] = [\n{table}];\n",
        errors.len()
    )
}

fn camel(module: &str) -> String {
    module
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
                .unwrap_or_default()
        })
        .collect()
}
