//! Embeds the bytecode in `target/move`, compiling it first if it is out of date and the compiler is
//! installed. Never uses the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

#[path = "src/package.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the build script only decodes, the library publishes"
)]
mod package;
#[path = "src/stamp.rs"]
mod stamp;

const EMBEDDED: [&str; 4] = ["std", "sui", "usd", "atoma"];
const HINT: &str = "the Move packages are not compiled: run `scripts/move build`";

#[expect(
    clippy::print_stderr,
    reason = "cargo shows a build script's error from there, and a panic would add its own lines"
)]
fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match embed(&root) {
        Ok(()) => {
            // Only now: cargo prints all of it above the message of a failed script, which it runs
            // again in any case.
            watch(&root);
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Asks cargo to run this script again when an input changes. Source folders are watched whole, so
/// that a new file counts; unit tests are no input.
fn watch(root: &Path) {
    let files_of = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path())
    };
    let tool = files_of(root.join(stamp::TOOL_FOLDER)).filter(|path| path.is_file());
    let packages = files_of(root.join("move"))
        .flat_map(|package| [package.join("Move.toml"), package.join("sources")])
        .filter(|path| path.exists());
    for path in tool.chain(packages).chain([root.join("Cargo.lock")]) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
}

fn embed(root: &Path) -> Result<(), String> {
    let compiled = root.join("target/move");
    if !all_current(root, &compiled)? {
        compile(root)?;
        if !all_current(root, &compiled)? {
            return Err(HINT.to_owned());
        }
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    for name in EMBEDDED {
        let path = compiled.join(format!("{name}.bcs"));
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        package::Package::decode(&bytes)
            .map_err(|error| format!("{}: {error}; {HINT}", path.display()))?;
        let copy = out.join(format!("{name}.bcs"));
        fs::write(&copy, bytes).map_err(|error| format!("{}: {error}", copy.display()))?;
    }
    Ok(())
}

fn all_current(root: &Path, compiled: &Path) -> Result<bool, String> {
    for name in EMBEDDED {
        let stamp = compiled.join(format!("{name}.stamp"));
        let current =
            stamp::is_current(root, &stamp).map_err(|error| format!("the Move build: {error}"))?;
        if !current || !compiled.join(format!("{name}.bcs")).exists() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs the compiler if it is installed as the lockfile wants it.
fn compile(root: &Path) -> Result<(), String> {
    let tool = root.join(stamp::TOOL_FOLDER);
    let lock = fs::read(tool.join("package-lock.json")).map_err(|_| HINT)?;
    let installed = fs::read(tool.join("node_modules/.installed-lock.json")).map_err(|_| HINT)?;
    if lock != installed {
        return Err(HINT.to_owned());
    }
    let output = Command::new("node")
        .arg(tool.join("main.mjs"))
        .args(["build", "--offline"])
        .stdin(Stdio::null())
        .output()
        .map_err(|_| HINT)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
