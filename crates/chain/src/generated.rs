//! Rust types of the Move structs, generated from their source. Used inside this crate only.
#![expect(
    unreachable_pub,
    dead_code,
    clippy::all,
    reason = "generated from move/*/sources"
)]

pub(crate) mod atoma {
    include!(concat!(env!("OUT_DIR"), "/atoma_package.rs"));
}

pub(crate) mod usd {
    include!(concat!(env!("OUT_DIR"), "/usd_package.rs"));
}
