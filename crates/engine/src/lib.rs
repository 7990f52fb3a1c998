//! The engine trait, a scripted engine for tests and an OpenAI-compatible HTTP upstream.
