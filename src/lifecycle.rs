//! Shutdown in two stages: the first SIGTERM or Ctrl-C lets the current messages finish, the second exits at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal.
const EXIT_SECOND_SIGNAL: i32 = 1;

/// Returns a token that the first signal cancels.
pub fn on_signals() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if token.is_cancelled() {
                tracing::warn!("second signal: exiting at once");
                std::process::exit(EXIT_SECOND_SIGNAL);
            }
            tracing::info!("stopping after the current messages; a second signal exits at once");
            token.cancel();
        }
    });
    Ok(stop)
}
