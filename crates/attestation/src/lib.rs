//! TEE evidence in, finding out; one module a platform.
//!
//! A [`Verifier`] knows one vendor's format and roots. [`Verifiers`] holds those a build trusts and
//! applies what is common to all: the evidence is the one named on-chain, it binds exactly the posted
//! keys, its platform is allowed here. No IO and no clock: bytes and times are arguments.

pub mod api;
pub mod evidence;
#[cfg(feature = "simulated")]
pub mod simulated;
pub mod verifier;

pub use evidence::{DecodeError, Evidence};
pub use verifier::{EvidenceError, Finding, Policy, Verifier, Verifiers};
