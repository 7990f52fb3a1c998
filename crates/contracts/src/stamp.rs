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
    if text.is_empty() {
        return Ok(false);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 over `Move.toml NUL 3 NUL abc sources/a.move NUL 1 NUL x`, computed apart from this code.
    const HASH: &str = "8f2ce5dd976c29ecd01fcf6b2aa34e20790027cf11135b7b216469d0d9b44273";

    fn repository() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in [
            ("Cargo.lock", LOCK),
            ("move/p/Move.toml", "abc"),
            ("move/p/sources/a.move", "x"),
            ("move/p/tests/a_tests.move", "not an input"),
            (
                "p.stamp",
                &format!("framework f 0.4.0 00ff\nfolder move/p {HASH}\n"),
            ),
        ] {
            write(root.path(), path, text);
        }
        root
    }

    const LOCK: &str = "[[package]]\nname = \"f\"\nversion = \"0.4.0\"\nchecksum = \"00ff\"\n\n[[package]]\nname = \"g\"\n";

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        let folder = path.parent().expect("it lies in a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn current(root: &Path) -> bool {
        is_current(root, &root.join("p.stamp")).expect("all files can be read")
    }

    #[test]
    fn unchanged_inputs_are_current() {
        let root = repository();
        assert!(current(root.path()));
        write(root.path(), "move/p/tests/a_tests.move", "changed");
        write(root.path(), "move/p/README.md", "new");
        assert!(current(root.path()));
    }

    #[test]
    fn every_changed_input_is_noticed() {
        for (path, text) in [
            ("move/p/Move.toml", "abd"),
            ("move/p/sources/a.move", "y"),
            ("move/p/sources/deep/b.move", ""),
            ("Cargo.lock", &LOCK.replace("00ff", "00fe")),
            ("Cargo.lock", &LOCK.replace("0.4.0", "0.4.1")),
            ("p.stamp", ""),
            ("p.stamp", "folder"),
            ("p.stamp", &format!("{HASH} folder move/p {HASH}")),
        ] {
            let root = repository();
            write(root.path(), path, text);
            assert!(!current(root.path()), "{path}: {text}");
        }
        let root = repository();
        fs::remove_file(root.path().join("move/p/sources/a.move")).expect("it is there");
        assert!(!current(root.path()));
    }

    #[test]
    fn no_stamp_is_not_current() {
        let root = repository();
        fs::remove_file(root.path().join("p.stamp")).expect("it is there");
        assert!(!current(root.path()));
    }
}
