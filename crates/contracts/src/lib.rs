//! The compiled bytecode of the Sui framework and of the Atoma packages, embedded.
