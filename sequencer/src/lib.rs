//! The OpenAI-compatible front door: routes, seals, pays.

pub mod api_key;
pub mod routing;
