//! stdout is the result, stderr is for people.

use std::{io::Write, process::ExitCode};

use serde::Serialize;

/// Prints a line of the result.
///
/// # Errors
/// If nobody reads it.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a result as JSON on one line.
///
/// # Errors
/// If nobody reads it.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Tells a person what happens.
pub(crate) fn tell(text: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Tells what went wrong, cause by cause.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    tell(&format!("atoma: {error}"));
    for cause in error.chain().skip(1) {
        tell(&format!("  because: {cause}"));
    }
    ExitCode::FAILURE
}
