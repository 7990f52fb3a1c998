//! Evidence under its hash, so that a verdict can be checked again years later.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use atoma_protocol::hash::{EvidenceHash, blake2b256};
use thiserror::Error;

/// Why evidence cannot be kept or read.
#[derive(Debug, Error)]
#[error("the archive of evidence at {path} cannot be used")]
pub struct ArchiveError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

/// A folder of files, each named by the hash of its bytes.
#[derive(Clone, Debug)]
pub struct Archive {
    folder: PathBuf,
}

impl Archive {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn open(folder: &Path) -> Result<Self, ArchiveError> {
        let archive = Self {
            folder: folder.to_owned(),
        };
        std::fs::create_dir_all(folder).map_err(|source| archive.failed(source))?;
        Ok(archive)
    }

    /// Keeps `evidence`; gives its hash. Keeping it again changes nothing.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn keep(&self, evidence: &[u8]) -> Result<EvidenceHash, ArchiveError> {
        let hash = EvidenceHash::new(blake2b256(&[evidence]));
        let path = self.path(hash);
        if path.exists() {
            return Ok(hash);
        }
        // Written aside and renamed, so that a crash leaves no half of it under its name.
        let aside = path.with_extension("new");
        let written = std::fs::File::create(&aside)
            .and_then(|mut file| file.write_all(evidence).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&aside, &path));
        written.map_err(|source| self.failed(source))?;
        Ok(hash)
    }

    /// The evidence of this hash, if it was kept.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn find(&self, hash: EvidenceHash) -> Result<Option<Vec<u8>>, ArchiveError> {
        match std::fs::read(self.path(hash)) {
            Ok(evidence) => Ok(Some(evidence)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn path(&self, hash: EvidenceHash) -> PathBuf {
        self.folder.join(hash.to_string())
    }

    fn failed(&self, source: std::io::Error) -> ArchiveError {
        ArchiveError {
            path: self.folder.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_under_its_hash_only() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        let hash = archive.keep(b"evidence").unwrap();
        assert_eq!(archive.keep(b"evidence").unwrap(), hash);
        assert_eq!(
            archive.find(hash).unwrap().as_deref(),
            Some(b"evidence".as_slice())
        );
        assert_eq!(archive.find([1; 32].into()).unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
