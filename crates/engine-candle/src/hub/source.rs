//! What a person writes to name a model.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::HubError;

/// The longest name of an organisation, a model or a file.
const MAX_NAME_BYTES: usize = 128;

/// Where a model comes from: a path on this machine, or a model on a Hugging Face server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A GGUF file or a model folder.
    Path(PathBuf),
    /// A model on a server.
    Id(ModelId),
}

/// A model on a Hugging Face server: `org/name`, or one file of it: `org/name:file.gguf`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId {
    /// Whose model it is.
    pub organisation: String,
    /// What it is called.
    pub name: String,
    /// Which of its files to load; all that make a model folder if not given.
    pub file: Option<String>,
}

impl ModelSource {
    /// Reads what a person wrote: what exists on this machine or looks like a path is a path, all else a model id.
    ///
    /// # Errors
    /// [`HubError::NotAModelId`].
    pub fn parse(text: &str) -> Result<Self, HubError> {
        let path = Path::new(text);
        let looks_like_a_path =
            path.is_absolute() || text.starts_with('.') || text.starts_with('~');
        if path.exists() || looks_like_a_path {
            return Ok(Self::Path(path.to_owned()));
        }
        text.parse().map(Self::Id)
    }
}

impl FromStr for ModelId {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let (model, file) = match text.split_once(':') {
            Some((model, file)) => (model, Some(file)),
            None => (text, None),
        };
        let named = model.split_once('/').filter(|(organisation, name)| {
            is_file_name(organisation) && is_file_name(name) && file.is_none_or(is_file_name)
        });
        let Some((organisation, name)) = named else {
            return Err(HubError::NotAModelId(text.to_owned()));
        };
        Ok(Self {
            organisation: organisation.to_owned(),
            name: name.to_owned(),
            file: file.map(str::to_owned),
        })
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.organisation, self.name)?;
        self.file
            .as_ref()
            .map_or(Ok(()), |file| write!(formatter, ":{file}"))
    }
}

/// Whether a name is one plain file name, on any system: no folders, nothing hidden, nothing special.
pub(super) fn is_file_name(name: &str) -> bool {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.starts_with('.') && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{ModelId, ModelSource};

    #[test]
    fn ids_are_told_from_paths() {
        let id: ModelId = "HuggingFaceTB/SmolLM2-135M:q4.gguf".parse().unwrap();
        assert_eq!(
            (id.organisation.as_str(), id.name.as_str()),
            ("HuggingFaceTB", "SmolLM2-135M")
        );
        assert_eq!(id.file.as_deref(), Some("q4.gguf"));
        assert_eq!(id.to_string(), "HuggingFaceTB/SmolLM2-135M:q4.gguf");
        assert!(matches!(
            ModelSource::parse("org/name"),
            Ok(ModelSource::Id(_))
        ));
        for path in ["./model.gguf", "/absent/model.gguf", "../x", "."] {
            assert!(
                matches!(ModelSource::parse(path), Ok(ModelSource::Path(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn nothing_leaves_the_cache() {
        for text in [
            "", "name", "a/b/c", "../b", "a/..", "a/b:../c", "a/b:", "a/b:c/d", "a/.b", "a b/c",
            "a/b\\c", "é/b",
        ] {
            assert!(text.parse::<ModelId>().is_err(), "{text}");
        }
    }
}
