//! The OpenAI-compatible front door: routes, seals, pays.
