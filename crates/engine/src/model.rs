//! What a model is, and the hash that names its exact files.

use atoma_protocol::hash::ManifestHash;
use atoma_protocol::money::Tokens;
use serde::{Deserialize, Serialize};

/// A model that an engine serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The name that a request's `model` gives.
    pub name: String,
    /// Tokens of prompt and answer together, at most.
    pub context_length: Tokens,
    /// Names the model's exact files; see [`Manifest`].
    pub manifest_hash: ManifestHash,
    /// What computes it: answers of one class are comparable at temperature 0 and a fixed seed.
    pub engine_class: String,
    /// What goes in and comes out.
    pub modality: Modality,
}

/// What goes into a model and comes out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Modality {
    /// Text in, text out.
    Text,
}

impl Modality {
    /// The name as it is written on the chain and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
        }
    }
}

/// The files a model consists of.
///
/// Its hash is BLAKE3 over [`Manifest::DOMAIN`] and the BCS of the list of files, sorted by name. A model of one file
/// uses the name `model` with that file's extension, so that renaming the file does not make another model of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    files: Vec<ManifestFile>,
}

/// One file of a model. Layout: BCS of `(name: string, size_bytes: u64, blake3: [u8; 32])`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ManifestFile {
    /// The file's name within the model.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// BLAKE3 of its content.
    pub blake3: [u8; 32],
}

impl Manifest {
    /// What the hashed bytes begin with.
    pub const DOMAIN: &'static [u8] = b"atoma/manifest/1\0";

    /// Makes the manifest of these files; their order does not matter.
    #[must_use]
    pub fn new(mut files: Vec<ManifestFile>) -> Self {
        files.sort();
        Self { files }
    }

    /// The files, sorted by name.
    #[must_use]
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// The hash that names this model.
    #[must_use]
    pub fn hash(&self) -> ManifestHash {
        let files =
            bcs::to_bytes(&self.files).expect("a list of strings and numbers has a BCS form");
        let mut hasher = blake3::Hasher::new();
        hasher.update(Self::DOMAIN).update(&files);
        ManifestHash::new(*hasher.finalize().as_bytes())
    }
}

impl ManifestFile {
    /// Reads a file to its end and hashes it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(name: impl Into<String>, mut content: impl std::io::Read) -> std::io::Result<Self> {
        /// Bytes read at once.
        const PIECE_BYTES: usize = 1 << 18;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut size_bytes = 0_u64;
        loop {
            let read = match content.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&piece[..read]);
            size_bytes = size_bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        }
        Ok(Self {
            name: name.into(),
            size_bytes,
            blake3: *hasher.finalize().as_bytes(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Manifest, ManifestFile};

    fn file(name: &str, content: &[u8]) -> ManifestFile {
        ManifestFile::read(name, content).unwrap()
    }

    #[test]
    fn the_hash_covers_names_and_content_and_not_the_order() {
        let hash = |files: Vec<ManifestFile>| Manifest::new(files).hash();
        let base = hash(vec![file("a", b"1"), file("b", b"2")]);
        assert_eq!(base, hash(vec![file("b", b"2"), file("a", b"1")]));
        assert_ne!(base, hash(vec![file("a", b"2"), file("b", b"1")]));
        assert_ne!(base, hash(vec![file("a", b"1")]));
        assert_ne!(
            base,
            hash(vec![file("a", b"1"), file("b", b"2"), file("c", b"")])
        );
    }

    #[test]
    fn the_hash_is_the_one_of_the_documented_bytes() {
        let content_hash = *blake3::hash(b"weights").as_bytes();
        let mut bytes = b"atoma/manifest/1\0".to_vec();
        bytes.extend([1, 10]);
        bytes.extend(b"model.gguf");
        bytes.extend(7_u64.to_le_bytes());
        bytes.extend(content_hash);
        let expected = *blake3::hash(&bytes).as_bytes();
        assert_eq!(
            Manifest::new(vec![file("model.gguf", b"weights")])
                .hash()
                .as_bytes(),
            &expected
        );
    }
}
