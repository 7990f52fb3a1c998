//! A market's state on disk: one process at a time, written by one version of the program.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use atoma_chain::{Deployment, deploy::Deployed};
use atoma_env::Env;
use atoma_protocol::ids::ObjectId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;
use zeroize::Zeroizing;

/// Version of what lies in the folder.
const FORMAT: u32 = 1;

/// Why a folder cannot be used, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Another market runs on it.
    #[error(
        "another market runs on the state folder {0}: stop it, or use another folder with --state, or --ephemeral"
    )]
    InUse(PathBuf),
    /// Another version of the program wrote it.
    #[error(
        "the state folder {folder} was written by another version of atoma (format {found}, this one reads {FORMAT}): remove it, or use another folder with --state, or --ephemeral"
    )]
    OtherFormat {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A file in it is damaged.
    #[error("{0} is damaged: remove the state folder, or use another one with --state")]
    Damaged(PathBuf),
    /// The folder cannot be read or written.
    #[error("cannot use {path}")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

/// What is remembered of a market that was deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    format: u32,
    /// Where the market lives.
    pub deployment: Deployment,
    /// Right to govern it.
    pub admin_cap: ObjectId,
    /// Right to stop new business.
    pub pause_cap: ObjectId,
    /// Right to upgrade the package.
    pub upgrade_cap: ObjectId,
    /// Right to mint the stake coin.
    pub stake_treasury: ObjectId,
}

impl From<Deployed> for Saved {
    fn from(deployed: Deployed) -> Self {
        Self {
            format: FORMAT,
            deployment: deployed.deployment,
            admin_cap: deployed.admin_cap,
            pause_cap: deployed.pause_cap,
            upgrade_cap: deployed.upgrade_cap,
            stake_treasury: deployed.stake_treasury,
        }
    }
}

/// An opened folder; nobody else can open it until this is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
    _temporary: Option<tempfile::TempDir>,
}

impl Folder {
    /// Opens a folder, or makes it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Io {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(path)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let folder = Self {
            path,
            _lock: lock,
            _temporary: None,
        };
        folder.check_format()?;
        Ok(folder)
    }

    /// A folder that goes with the process.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn temporary() -> Result<Self, FolderError> {
        let failed = |source| FolderError::Io {
            path: std::env::temp_dir(),
            source,
        };
        let made = tempfile::Builder::new()
            .prefix("atoma-")
            .tempdir()
            .map_err(failed)?;
        let folder = Self::open(made.path())?;
        Ok(Self {
            _temporary: Some(made),
            ..folder
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The market that was deployed here, if one was.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn saved(&self) -> Result<Option<Saved>, FolderError> {
        self.read_json("market.json")
    }

    /// Remembers a market. Until this returns, the next start deploys anew.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn save(&self, saved: &Saved) -> Result<(), FolderError> {
        self.write_json("market.json", saved)
    }

    /// Writes `value` as JSON, readable by its owner only.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), FolderError> {
        let json = serde_json::to_vec_pretty(value).map_err(|error| FolderError::Io {
            path: self.path.join(name),
            source: error.into(),
        })?;
        self.write(name, &json)
    }

    /// A secret of 32 bytes under `name`, drawn and written the first time.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn secret(&self, name: &str, env: &Env) -> Result<Zeroizing<[u8; 32]>, FolderError> {
        let path = self.path.join(name);
        let mut secret = Zeroizing::new([0; 32]);
        match std::fs::read(&path).map(Zeroizing::new) {
            Ok(bytes) if bytes.len() == secret.len() => {
                secret.copy_from_slice(&bytes);
                Ok(secret)
            }
            Ok(_) => Err(FolderError::Damaged(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                env.fill(&mut *secret);
                self.write(name, &*secret)?;
                Ok(secret)
            }
            Err(source) => Err(FolderError::Io { path, source }),
        }
    }

    fn check_format(&self) -> Result<(), FolderError> {
        #[derive(Deserialize)]
        struct Stamp {
            format: u32,
        }
        match self.read_json::<Stamp>("market.json")? {
            Some(Stamp { format }) if format != FORMAT => Err(FolderError::OtherFormat {
                folder: self.path.clone(),
                found: format,
            }),
            _ => Ok(()),
        }
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FolderError> {
        let path = self.path.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|_| FolderError::Damaged(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FolderError::Io { path, source }),
        }
    }

    /// Written aside and renamed, so that Ctrl-C half-way leaves the old file or the new one.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.path.join(name);
        let aside = path.with_extension("new");
        let failed = |source| FolderError::Io {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)
            .map_err(failed)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&aside, &path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_market_at_a_time() {
        let made = tempfile::tempdir().unwrap();
        let first = Folder::open(made.path()).unwrap();
        assert!(matches!(
            Folder::open(made.path()),
            Err(FolderError::InUse(_))
        ));
        drop(first);
        assert!(Folder::open(made.path()).is_ok());
    }

    #[test]
    fn state_of_another_version_is_named_as_such() {
        let made = tempfile::tempdir().unwrap();
        std::fs::write(
            made.path().join("market.json"),
            br#"{"format":99,"other":1}"#,
        )
        .unwrap();
        let error = Folder::open(made.path()).unwrap_err();
        assert!(
            matches!(error, FolderError::OtherFormat { found: 99, .. }),
            "{error}"
        );
        std::fs::write(made.path().join("market.json"), b"{").unwrap();
        assert!(matches!(
            Folder::open(made.path()),
            Err(FolderError::Damaged(_))
        ));
    }

    #[test]
    fn a_secret_is_drawn_once_and_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let made = tempfile::tempdir().unwrap();
        let folder = Folder::open(made.path()).unwrap();
        let env = Env::system();
        let secret = folder.secret("root", &env).unwrap();
        assert_eq!(*folder.secret("root", &env).unwrap(), *secret);
        assert_ne!(*folder.secret("other", &env).unwrap(), *secret);
        let mode = std::fs::metadata(made.path().join("root"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
