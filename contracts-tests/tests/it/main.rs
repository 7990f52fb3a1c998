//! Scenarios and attacks on the compiled packages.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod closing;
mod conservation;
mod grades;
mod interleavings;
mod look_alike;
mod market;
mod privileges;
mod settling;
