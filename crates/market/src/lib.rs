//! The whole market in one process.
