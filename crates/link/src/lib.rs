//! The protocol between node and sequencer: one bidirectional stream.
