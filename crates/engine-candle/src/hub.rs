//! Getting a model from a Hugging Face server.
//!
//! - [`source`]: what a person writes to name a model: a path, or an id.
//! - [`mod@file`]: one file, resumed where it broke off, checked, and put in place in one step.

pub mod file;
pub mod source;

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

pub use file::Progress;
pub use source::{ModelId, ModelSource};

use crate::folder;

/// The server asked where none is given.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
/// The environment variable that names another server, as Hugging Face's own tools read it. This library reads no
/// environment: pass its value to [`Hub::new`].
pub const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";
/// The version of a model that is downloaded.
const REVISION: &str = "main";
/// The longest list of a model's files, in bytes.
const MAX_LIST_BYTES: usize = 8 << 20;
/// The most files of one model.
const MAX_FILES: usize = 1_024;
/// Time to connect, and time without a byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Hugging Face server, and the folder that models from it are kept in.
#[derive(Debug)]
pub struct Hub {
    client: reqwest::Client,
    endpoint: Url,
    cache: PathBuf,
    token: Option<SecretString>,
}

/// Why a model cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The text names no model.
    #[error("`{0}` is neither a path nor a model id such as `org/name` or `org/name:file.gguf`")]
    NotAModelId(String),
    /// The server's URL cannot be used.
    #[error("`{0}` is not an http or https URL")]
    Endpoint(String),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] atoma_engine::http::TlsError),
    /// The server cannot be reached, or broke off.
    #[error("cannot get {what}; what has come is kept, try again to resume")]
    Transfer {
        /// What was asked for.
        what: String,
        /// Why.
        #[source]
        cause: reqwest::Error,
    },
    /// The server refused.
    #[error("the server answered {status} for {what}{}", hint(*status))]
    Refused {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server answers something else than its API says.
    #[error("the server's answer for {what} is not usable: {reason}")]
    Malformed {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model has no files this engine can load, or several to choose from.
    #[error("{id} has {}", choices(found))]
    Choose {
        /// The model.
        id: String,
        /// Files that could be named.
        found: Vec<String>,
    },
    /// What came is not what the server announced.
    #[error(
        "{what} is damaged: its {measure} is {found}, not {expected}; try again to get it anew"
    )]
    Damaged {
        /// The file.
        what: String,
        /// What was compared.
        measure: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => ": the model is private or must be applied for; give an access token",
        404 => ": there is no such model or file",
        429 => ": it has too much to do, try again later",
        _ => "",
    }
}

fn choices(found: &[String]) -> String {
    if found.is_empty() {
        return "no safetensors and no GGUF files".to_owned();
    }
    format!(
        "several GGUF files, name one as in org/name:file.gguf: {}",
        found.join(", ")
    )
}

impl Hub {
    /// A server at this URL ([`DEFAULT_ENDPOINT`], or the value of [`ENDPOINT_VARIABLE`]), models kept below `cache`.
    ///
    /// # Errors
    /// [`HubError`]: the URL is none, or TLS cannot be set up.
    pub fn new(endpoint: &str, cache: impl Into<PathBuf>) -> Result<Self, HubError> {
        let wrong = || HubError::Endpoint(endpoint.to_owned());
        let url = Url::parse(endpoint.trim_end_matches('/')).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong());
        }
        let client = atoma_engine::http::client_builder(&url)?
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            // Redirects are followed by hand: the first answer carries the hash, and others must not see the token.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|cause| HubError::Transfer {
                what: "an HTTP client".to_owned(),
                cause,
            })?;
        Ok(Self {
            client,
            endpoint: url,
            cache: cache.into(),
            token: None,
        })
    }

    /// Sends this access token to the server, and to no other.
    #[must_use]
    pub fn with_token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Gets a model's files, those that are not there yet, and gives the path to load.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn get(
        &self,
        id: &ModelId,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<PathBuf, HubError> {
        let folder = self.cache.join(&id.organisation).join(&id.name);
        if let Some(file) = &id.file {
            let path = folder.join(file);
            self.file(id, file, &path, progress).await?;
            return Ok(path);
        }
        let (files, whole_folder) = self.choose(id).await?;
        for file in &files {
            self.file(id, file, &folder.join(file), progress).await?;
        }
        match files.first() {
            Some(only) if !whole_folder => Ok(folder.join(only)),
            _ => Ok(folder),
        }
    }

    /// The files to get: all parts of a model folder, or the only GGUF file; and whether it is a folder.
    async fn choose(&self, id: &ModelId) -> Result<(Vec<String>, bool), HubError> {
        let all = self.list(id).await?;
        let ends_in = |extension: &str| -> Vec<String> {
            let wanted = |file: &&String| {
                Path::new(file)
                    .extension()
                    .is_some_and(|found| found == extension)
            };
            all.iter().filter(wanted).cloned().collect()
        };
        let weights = ends_in(folder::WEIGHTS_EXTENSION);
        if !weights.is_empty() && all.iter().any(|file| file == folder::CONFIG_FILE) {
            let small = [
                folder::CONFIG_FILE,
                folder::GENERATION_CONFIG_FILE,
                folder::TOKENIZER_FILE,
                folder::TOKENIZER_CONFIG_FILE,
                folder::TEMPLATE_FILE,
            ];
            let small = small
                .into_iter()
                .filter(|name| all.iter().any(|file| file == name))
                .map(str::to_owned);
            return Ok((small.chain(weights).collect(), true));
        }
        let single = ends_in("gguf");
        if single.len() == 1 {
            Ok((single, false))
        } else {
            Err(HubError::Choose {
                id: id.to_string(),
                found: single,
            })
        }
    }

    /// The names of a model's files, those in its top folder.
    async fn list(&self, id: &ModelId) -> Result<Vec<String>, HubError> {
        let what = format!("the list of {id}'s files");
        let url = self.url(&["api", "models", &id.organisation, &id.name]);
        let mut response = self.ask(url, None, &what).await?.response;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|cause| HubError::Transfer {
            what: what.clone(),
            cause,
        })? {
            if body.len().saturating_add(piece.len()) > MAX_LIST_BYTES {
                let reason = format!("it is longer than {MAX_LIST_BYTES} bytes");
                return Err(HubError::Malformed { what, reason });
            }
            body.extend_from_slice(&piece);
        }
        let listing: Listing =
            serde_json::from_slice(&body).map_err(|error| HubError::Malformed {
                what: what.clone(),
                reason: error.to_string(),
            })?;
        let mut files: Vec<String> = listing
            .siblings
            .into_iter()
            .map(|sibling| sibling.rfilename)
            .filter(|name| source::is_file_name(name))
            .collect();
        files.sort();
        if files.len() > MAX_FILES {
            return Err(HubError::Malformed {
                what,
                reason: format!("{} files are too many", files.len()),
            });
        }
        Ok(files)
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    fn file_url(&self, id: &ModelId, file: &str) -> Url {
        self.url(&[&id.organisation, &id.name, "resolve", REVISION, file])
    }
}

#[derive(Deserialize)]
struct Listing {
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}
