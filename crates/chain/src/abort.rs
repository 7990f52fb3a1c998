//! The contracts' named errors, generated from their source.

use std::fmt;

use atoma_protocol::ids::PackageId;
use sui_sdk_types::MoveLocation;

use crate::{deployment::Deployment, id::SuiId};

include!(concat!(env!("OUT_DIR"), "/aborts.rs"));

/// An abort of a Move call.
///
/// Sui reports package, module and a number. The number of an `#[error]` constant has its top bit set
/// and holds, from high to low: 7 bits unused, 8 bits code, 16 bits line, 16 bits index of the name,
/// 16 bits index of the text. Only the code is stable from one version of a package to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Abort {
    /// One of our contracts' named errors.
    Named(Named),
    /// Of the Sui framework or another package, or of a newer version of ours.
    Other(Box<OtherAbort>),
}

/// An abort without a name here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherAbort {
    /// The package that aborted.
    pub package: PackageId,
    /// Its module.
    pub module: String,
    /// The function, where Sui says it.
    pub function: Option<String>,
    /// The raw number.
    pub code: u64,
}

/// Where a named error stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) package: &'static str,
    pub(crate) module: &'static str,
    pub(crate) code: u8,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

const TAG: u64 = 1 << 63;
const CODE_SHIFT: u32 = 48;

impl Abort {
    /// From what Sui reports. A module of a package that is not ours is never taken for one of ours,
    /// whatever it is called.
    pub(crate) fn new(deployment: Option<&Deployment>, location: &MoveLocation, code: u64) -> Self {
        let package = if deployment.is_some_and(|at| at.package.defines(&location.package)) {
            Some("atoma")
        } else if deployment
            .and_then(|at| at.test_usd)
            .is_some_and(|usd| usd.package.to_sui() == location.package)
        {
            Some("usd")
        } else {
            None
        };
        let named = package
            .zip(error_code(code))
            .and_then(|(package, code)| Named::find(package, location.module.as_str(), code));
        named.map_or_else(
            || {
                Self::Other(Box::new(OtherAbort {
                    package: PackageId::from_sui(location.package),
                    module: location.module.to_string(),
                    function: location.function_name.as_ref().map(ToString::to_string),
                    code,
                }))
            },
            Self::Named,
        )
    }

    /// The named error, if it is ours.
    #[must_use]
    pub const fn named(&self) -> Option<Named> {
        match self {
            Self::Named(named) => Some(*named),
            Self::Other(_) => None,
        }
    }
}

/// Code of an `#[error]` constant; none for a plain number.
fn error_code(code: u64) -> Option<u8> {
    let bits = (code >> CODE_SHIFT) & 0xff;
    (code & TAG != 0).then(|| u8::try_from(bits).ok()).flatten()
}

impl Named {
    fn find(package: &str, module: &str, code: u8) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, source)| {
                source.package == package && source.module == module && source.code == code
            })
            .map(|(named, _)| *named)
    }

    /// Every named error.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(named, _)| *named)
    }

    fn source(self) -> Source {
        TABLE
            .iter()
            .find(|(named, _)| *named == self)
            .map(|(_, source)| *source)
            .expect("every variant is generated together with its row")
    }

    /// The module that it belongs to.
    #[must_use]
    pub fn module(self) -> &'static str {
        self.source().module
    }

    /// Name of its constant.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.source().name
    }

    /// Its number within the module.
    #[must_use]
    pub fn code(self) -> u8 {
        self.source().code
    }

    /// What it says.
    #[must_use]
    pub fn text(self) -> &'static str {
        self.source().text
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source {
            package,
            module,
            name,
            text,
            ..
        } = self.source();
        write!(f, "{text} ({package}::{module}::{name})")
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(named) => named.fmt(f),
            Self::Other(other) => {
                write!(f, "{}::{}", other.package, other.module)?;
                if let Some(function) = &other.function {
                    write!(f, "::{function}")?;
                }
                write!(f, " aborted with {}", other.code)
            }
        }
    }
}

#[cfg(test)]
mod tests;
