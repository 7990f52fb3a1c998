//! Rust types of the Move structs, generated from their source. Used inside this crate only.
#![expect(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    non_camel_case_types,
    dead_code,
    unused_imports,
    clippy::all,
    reason = "generated from move/*/sources"
)]

pub(crate) mod atoma {
    include!(concat!(env!("OUT_DIR"), "/atoma_package.rs"));
}

pub(crate) mod usd {
    include!(concat!(env!("OUT_DIR"), "/usd_package.rs"));
}
