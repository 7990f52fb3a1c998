//! look_alike
