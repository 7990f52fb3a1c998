//! `GET /v1/models`.

use serde::{Deserialize, Serialize};

use crate::Extra;

/// The body of `GET /v1/models`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// Always `list`.
    pub object: String,
    /// The models on offer.
    pub data: Vec<Model>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ModelList {
    /// Makes the list of these models.
    #[must_use]
    pub fn new(data: Vec<Model>) -> Self {
        Self {
            object: "list".to_owned(),
            data,
            extra: Extra::new(),
        }
    }
}

/// One model of the list, also the body of `GET /v1/models/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The name that a request's `model` gives.
    pub id: String,
    /// Always `model`.
    #[serde(default)]
    pub object: String,
    /// When the model was listed, in seconds since the Unix epoch.
    #[serde(default)]
    pub created: u64,
    /// Who offers it.
    #[serde(default)]
    pub owned_by: String,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Model {
    /// Makes an entry of the list; `created` is in seconds since the Unix epoch.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, owned_by: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            object: "model".to_owned(),
            created,
            owned_by: owned_by.into(),
            extra: Extra::new(),
        }
    }
}
