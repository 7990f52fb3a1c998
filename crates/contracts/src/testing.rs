//! Packages compiled for tests only: attacks, look-alikes, consumers.
//!
//! `scripts/move build` compiles every folder with a `Move.toml` under `contracts-tests/move` and
//! `crates/*/tests/move` into `target/move/tests/NAME.bcs`, where `NAME` is the folder's name. They
//! are read at run time, so that a test package can change without rebuilding what depends on this
//! crate.

use std::io;
use std::path::{Path, PathBuf};

use crate::package::{DecodeError, Package};
use crate::stamp;

/// Why a test package is not available.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestPackageError {
    /// It was never compiled, or its sources changed since.
    #[error("the test package {name} is not compiled or out of date: run `scripts/move build`")]
    OutOfDate {
        /// The package.
        name: String,
    },
    /// Its files could not be read.
    #[error("the test package {name} cannot be read")]
    Io {
        /// The package.
        name: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Its file is not a package.
    #[error("the test package {name} cannot be decoded")]
    Decode {
        /// The package.
        name: String,
        /// The cause.
        #[source]
        source: DecodeError,
    },
}

/// The test package called `name`.
///
/// # Errors
/// Says what to run if it is missing or its sources have changed since it was compiled.
pub fn package(name: &str) -> Result<Package, TestPackageError> {
    let root = repository_root();
    let folder = root.join("target/move/tests");
    let io_error = |source| TestPackageError::Io {
        name: name.to_owned(),
        source,
    };
    if !stamp::is_current(&root, &folder.join(format!("{name}.stamp"))).map_err(io_error)? {
        return Err(TestPackageError::OutOfDate {
            name: name.to_owned(),
        });
    }
    let bytes = std::fs::read(folder.join(format!("{name}.bcs"))).map_err(io_error)?;
    Package::decode(&bytes).map_err(|source| TestPackageError::Decode {
        name: name.to_owned(),
        source,
    })
}

fn repository_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
