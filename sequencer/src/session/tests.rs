//! Sessions and completions against hand-written nodes.

use super::*;

mod bench;
mod node;

mod answers;
mod handshakes;
mod lies;
