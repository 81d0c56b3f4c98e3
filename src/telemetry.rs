//! Logging to standard error. Standard output is for results only.

use std::io::{Result, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::shown::{escaped_json, is_invisible};

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging. `RUST_LOG` selects what is logged, in the usual syntax; `default` applies otherwise.
pub fn start(format: LogFormat, default: LevelFilter) {
    let filter = EnvFilter::builder().with_default_directive(default.into()).from_env_lossy();
    // The IMAP parser logs wire data, and the certificate verifier logs what its error already contains, so both are off
    // whatever RUST_LOG says. rustls warns when a server closes with `user_canceled`, as Java servers do after each session.
    // `made_private` warns once in the life of an installation, so every command logs it.
    let filter = ["imap_proto=off", "rustls_platform_verifier=off", "rustls::common_state=error", "made_private=warn"]
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Sanitizer(std::io::stderr(), format))
        .with_ansi(false);
    // A second call, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => logs.with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}

/// Writes log lines without control characters and invisible characters, since some contain untrusted text.
struct Sanitizer<W>(W, LogFormat);

impl<W: Write> Write for Sanitizer<W> {
    /// The subscriber writes one line per call.
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let (line, end) = text.strip_suffix('\n').map_or((text.as_ref(), ""), |line| (line, "\n"));
        let clean: String = match self.1 {
            LogFormat::Text => line.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect(),
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
    fn a_log_line_is_one_line_without_control_characters() {
        for (format, expected) in [
            (LogFormat::Text, "a [31m b c d  e\n"),
            (LogFormat::Json, "a\\u001b[31m\\u009bb\\u202ec\\u2066d\\u000a\\u200be\n"),
        ] {
            let mut log = Sanitizer(Vec::new(), format);
            log.write_all("a\u{1b}[31m\u{9b}b\u{202e}c\u{2066}d\n\u{200b}e\n".as_bytes()).unwrap();
            assert_eq!(String::from_utf8(log.0).unwrap(), expected);
        }
    }
}
