//! The OpenAI-compatible front door: routes, seals, pays.

pub mod answer;
pub mod api_key;
pub mod http;
pub mod routing;
