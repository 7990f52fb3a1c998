//! Properties and attacks that take both sides of a channel, and the golden vectors.

mod market;
mod setup;
