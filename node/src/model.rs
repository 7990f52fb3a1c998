//! What a node serves.

use std::{collections::BTreeMap, sync::Arc};

use atoma_engine::{Engine, Manifest, ManifestFile, ModelInfo};
use atoma_protocol::{hash::ManifestHash, ids::ModelId};

/// A model that runs here.
#[derive(Clone, Debug)]
pub struct ServedModel {
    /// Its id on-chain.
    pub id: ModelId,
    /// What the engine says of it.
    pub info: ModelInfo,
    /// What runs it.
    pub engine: Arc<dyn Engine>,
}

/// Everything that a node serves, by id.
pub type ServedModels = BTreeMap<ModelId, ServedModel>;

/// The manifest hash that a key epoch is posted with: that of a manifest whose files are the models, each
/// named by its name in requests, of size 0, with its own manifest hash in place of a content hash.
#[must_use]
pub fn model_set_hash<'a>(models: impl IntoIterator<Item = &'a ModelInfo>) -> ManifestHash {
    let files = models.into_iter().map(|model| ManifestFile {
        name: model.name.clone(),
        size_bytes: 0,
        blake3: *model.manifest_hash.as_bytes(),
    });
    Manifest::new(files.collect()).hash()
}
