//! Keys on disk: one line in Sui's own `suiprivkey` format, readable by the owner alone.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use sui_crypto::ed25519::Ed25519PrivateKey;
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest key file that is read.
const MAX_KEY_FILE_BYTES: u64 = 4_096;
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Why a key could not be loaded or saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is no file.
    #[error("there is no key file {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is a file already.
    #[error("{} exists already and is not overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Other users could read the key.
    #[error("{} is readable by others (mode {mode:o}); run: chmod 600 {0}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The text is no ed25519 key in Sui's format.
    #[error("this is no ed25519 key in Sui's format (one line that begins with suiprivkey1)")]
    NotAKey,
    /// Reading or writing failed.
    #[error("key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
}

pub(super) fn parse(text: &str) -> Result<Ed25519PrivateKey, KeyFileError> {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .ok_or(KeyFileError::NotAKey)?;
    Ed25519PrivateKey::from_suiprivkey(line).map_err(|_| KeyFileError::NotAKey)
}

pub(super) fn load(path: &Path) -> Result<Ed25519PrivateKey, KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing {
            path: path.to_owned(),
        },
        _ => KeyFileError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let file = fs::File::open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & OTHERS != 0 {
            return Err(KeyFileError::Exposed {
                path: path.to_owned(),
                mode,
            });
        }
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_KEY_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData => KeyFileError::NotAKey,
            _ => failed(source),
        })?;
    parse(&text)
}

pub(super) fn save(path: &Path, key: &Ed25519PrivateKey) -> Result<(), KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists {
            path: path.to_owned(),
        },
        _ => KeyFileError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let text = Zeroizing::new(
        key.to_suiprivkey()
            .expect("33 bytes always fit a Bech32 string"),
    );
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        })?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(OWNER_ONLY);
    }
    let mut file = options.open(path).map_err(failed)?;
    writeln!(file, "{}", *text).map_err(failed)?;
    file.sync_all().map_err(failed)
}
