//! The compiled bytecode of the Sui framework and of the Atoma packages, embedded.
//!
//! `scripts/move build` compiles the packages with the real Sui compiler into `target/move`; this
//! crate's build script checks that they are up to date and embeds them. It is the only crate whose
//! build needs Node.js; everything else takes bytecode as an argument.
//!
//! Packages of this repository are compiled at address zero, as Sui publishes them: whoever
//! publishes one replaces zero by the new package's id. A package that depends on another of this
//! repository is compiled against [`placeholder_address`] of that package; see
//! [`Package::relocate`].
//!
//! - [`package`]: [`Package`] and [`Module`], and the format of `target/move/NAME.bcs`.
//! - [`relocation`]: giving compiled modules the address at which they, or what they depend on, are
//!   published.
//! - [`testing`] (feature `testing`): packages compiled for tests only.

pub mod package;
pub mod relocation;
#[cfg(feature = "testing")]
mod stamp;
#[cfg(feature = "testing")]
pub mod testing;

pub use package::{DecodeError, Module, Package};
pub use relocation::{RelocateError, placeholder_address};

/// Move's standard library (`0x1`) and the Sui framework (`0x2`), in the order of publication.
pub fn framework() -> [Package; 2] {
    [
        embedded(include_bytes!(concat!(env!("OUT_DIR"), "/std.bcs"))),
        embedded(include_bytes!(concat!(env!("OUT_DIR"), "/sui.bcs"))),
    ]
}

/// The test dollar of the localnet, compiled at address zero.
pub fn usd() -> Package {
    embedded(include_bytes!(concat!(env!("OUT_DIR"), "/usd.bcs")))
}

/// The protocol's package, compiled at address zero.
pub fn atoma() -> Package {
    embedded(include_bytes!(concat!(env!("OUT_DIR"), "/atoma.bcs")))
}

fn embedded(bytes: &[u8]) -> Package {
    Package::decode(bytes).expect("the build script has decoded these bytes")
}
