//! The `atoma` binary: one subcommand a role.

fn main() {}
