//! Drives the compiled Move packages on the ledger: scenarios, attacks, invariants.
//!
//! The tests are in `tests/it`, a file a topic. Here is what they measure the contracts against, written
//! from the design and not from the Move source:
//!
//! - [`channel`]: one channel, who is paid what.
//! - [`vault`]: what a node earned, until it is pulled.
//! - [`live_time`]: time that a halt does not eat.
//! - [`source`]: which public functions of the Move source only some may call.

use atoma_chain::deploy::CompiledPackage;
use atoma_protocol::ids::PackageId;

pub mod channel;
pub mod live_time;
pub mod source;
pub mod vault;

/// A compiled package as it is published.
#[must_use]
pub fn compiled(package: atoma_contracts::Package) -> CompiledPackage {
    CompiledPackage {
        modules: package
            .modules
            .into_iter()
            .map(|module| module.bytes)
            .collect(),
        dependencies: package
            .dependencies
            .into_iter()
            .map(PackageId::new)
            .collect(),
    }
}
