//! Waits until somebody wants the process to end.

use tokio::signal::unix::{SignalKind, signal};

/// Completes with Ctrl-C or SIGTERM.
///
/// # Errors
/// If signals cannot be listened for.
pub(crate) async fn interrupted() -> std::io::Result<()> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
