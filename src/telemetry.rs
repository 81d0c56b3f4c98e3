//! Logs, on standard error: standard output is for what was asked for.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. `RUST_LOG` says what, in the usual way; by default what `serve` does, and only warnings elsewhere.
pub fn start(format: LogFormat, default: LevelFilter) {
    let filter = EnvFilter::builder().with_default_directive(default.into()).from_env_lossy();
    // The parser sees what goes over the wire: it logs nothing, whatever RUST_LOG says. The error that the certificate verifier returns
    // has what it would log. A line that is told once in the life of an installation is told by whichever command finds it.
    let filter = ["imap_proto=off", "rustls_platform_verifier=off", "made_private=warn"]
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // A second start, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => logs.with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}
