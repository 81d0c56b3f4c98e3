//! Shutdown in two stages: the first SIGTERM or Ctrl-C finishes the messages in hand, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code of a program that was told twice.
const ENDED_AT_ONCE: i32 = 1;

/// A token that is set by the first signal.
pub fn on_signals() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if told.is_cancelled() {
                tracing::warn!("told twice to stop: ending at once");
                std::process::exit(ENDED_AT_ONCE);
            }
            tracing::info!("stopping after the messages in hand; a second signal ends at once");
            told.cancel();
        }
    });
    Ok(stop)
}
