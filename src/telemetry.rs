//! Logs, on standard error: standard output is for what was asked for.

use std::io::{Result, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::shown::{escaped_json, hides};

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
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Clean(std::io::stderr(), format))
        .with_ansi(false);
    // A second start, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => logs.with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}

/// Writes log lines without what a terminal would obey and what hides: what servers and strangers wrote is in some of them.
struct Clean<W>(W, LogFormat);

impl<W: Write> Write for Clean<W> {
    /// A line at a time, as the subscriber writes them.
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let (line, end) = text.strip_suffix('\n').map_or((text.as_ref(), ""), |line| (line, "\n"));
        let clean: String = match self.1 {
            LogFormat::Text => line.chars().map(|c| if c.is_control() || hides(c) { ' ' } else { c }).collect(),
            LogFormat::Json => escaped_json(line),
        };
        self.0.write_all(format!("{clean}{end}").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_one_line_and_obeyed_by_no_terminal() {
        for (format, wanted) in [
            (LogFormat::Text, "a [31m b c d  e\n"),
            (LogFormat::Json, "a\\u001b[31m\\u009bb\\u202ec\\u2066d\\u000a\\u200be\n"),
        ] {
            let mut log = Clean(Vec::new(), format);
            log.write_all("a\u{1b}[31m\u{9b}b\u{202e}c\u{2066}d\n\u{200b}e\n".as_bytes()).unwrap();
            assert_eq!(String::from_utf8(log.0).unwrap(), wanted);
        }
    }
}
