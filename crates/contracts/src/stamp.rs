//! Whether a compiled package is current: `target/move/NAME.stamp`.
//!
//! A stamp is text, one input of the compilation a line, written by `scripts/move build`:
//!
//! ```text
//! folder PATH SHA256
//! framework NAME VERSION CHECKSUM
//! ```
//!
//! `PATH` is relative to the repository. A folder's hash is SHA-256 over `path NUL length NUL bytes`
//! of its files in path order: the build's own code and compiler lockfile for `scripts/movelib`,
//! `Move.toml` and the `.move` files under `sources` for a package. The framework line is the entry
//! in `Cargo.lock` of the crate that carries the framework's source.
//!
//! Shared with the build script.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The folder of the build's own code, relative to the repository.
pub(crate) const TOOL_FOLDER: &str = "scripts/movelib";

/// Whether everything the stamp at `stamp` names is as it was. A missing stamp is not current.
pub(crate) fn is_current(root: &Path, stamp: &Path) -> io::Result<bool> {
    let text = match fs::read_to_string(stamp) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for line in text.lines() {
        let current = match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["folder", path, hash] => *hash == hash_folder(root, path)?,
            ["framework", name, version, checksum] => {
                let lock = fs::read_to_string(root.join("Cargo.lock"))?;
                lock.split("[[package]]").any(|entry| {
                    let has = |key, value| {
                        entry
                            .lines()
                            .any(|line| line == format!("{key} = \"{value}\""))
                    };
                    has("name", name) && has("version", version) && has("checksum", checksum)
                })
            }
            _ => false,
        };
        if !current {
            return Ok(false);
        }
    }
    Ok(true)
}

fn hash_folder(root: &Path, path: &str) -> io::Result<String> {
    let folder = root.join(path);
    let mut files = BTreeMap::new();
    if path == TOOL_FOLDER {
        for entry in read_folder(&folder)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".mjs") || name == "package-lock.json" {
                files.insert(name, fs::read(entry.path())?);
            }
        }
    } else {
        if let Some(bytes) = read_if_there(&folder.join("Move.toml"))? {
            files.insert("Move.toml".to_owned(), bytes);
        }
        collect_sources(&folder.join("sources"), "sources", &mut files)?;
    }
    let mut hash = Sha256::new();
    for (path, bytes) in &files {
        hash.update(format!("{path}\0{}\0", bytes.len()));
        hash.update(bytes);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// All `.move` files below `folder`, as `prefix/...` with forward slashes.
fn collect_sources(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> io::Result<()> {
    for entry in read_folder(folder)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}/{name}");
        if entry.file_type()?.is_dir() {
            collect_sources(&entry.path(), &path, files)?;
        } else if name.ends_with(".move") {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// The entries of a folder; none if it does not exist.
fn read_folder(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
