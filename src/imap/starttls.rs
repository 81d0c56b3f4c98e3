//! Reads the few lines before TLS (STARTTLS, RFC 3501 6.2.1), and refuses a server that has sent anything behind them, so
//! that no data from before TLS is used after it.
//!
//! An attacker on the network can remove STARTTLS, send PREAUTH, or append bytes to the answer, which a buffered reader
//! would take for the server's first bytes inside TLS (the NO STARTTLS study). Each of these ends the connection before
//! a credential is sent.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::ImapError;
use super::error::printable;

/// Maximum length of a line before TLS, in bytes, and maximum number of lines.
const MAX_LINE: usize = 8192;
const MAX_LINES: usize = 50;
/// Maximum number of bytes before TLS.
const MAX_BYTES: usize = 64 << 10;

/// Reads the greeting, sends STARTTLS and reads the answer. The stream is then ready for the TLS handshake. Returns the
/// greeting's text.
pub async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    time_limit: Duration,
) -> Result<String, ImapError> {
    timeout(time_limit, dialogue(stream)).await.map_err(|_| ImapError::Slow("STARTTLS"))?
}

async fn dialogue<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<String, ImapError> {
    let mut reader = Reader { buffer: Vec::new(), received: 0 };
    let greeting = reader.line(stream).await?;
    let (status, text) = status(&greeting, "*");
    match status.as_str() {
        "OK" => {}
        "BYE" => return Err(ImapError::Bye(printable(text))),
        "PREAUTH" => {
            return Err(ImapError::Protocol(
                "it claims that we are logged in already (PREAUTH), which rules out STARTTLS".into(),
            ));
        }
        _ => {
            return Err(ImapError::Protocol("its first line is not an IMAP greeting".into()));
        }
    }
    if !reader.buffer.is_empty() {
        return Err(ImapError::Protocol("it sent more than a greeting before STARTTLS".into()));
    }
    let io = |error: std::io::Error| ImapError::Lost(error.kind().to_string());
    stream.write_all(b"T1 STARTTLS\r\n").await.map_err(io)?;
    stream.flush().await.map_err(io)?;
    for _ in 0..MAX_LINES {
        let line = reader.line(stream).await?;
        if line.starts_with("* ") {
            continue; // no answer before TLS is trustworthy
        }
        let (answer, text) = self::status(&line, "T1");
        return match answer.as_str() {
            "OK" if reader.buffer.is_empty() => Ok(printable(greeting_text(&greeting))),
            "OK" => Err(ImapError::Protocol("it sent data behind its answer to STARTTLS, as an attacker would".into())),
            "NO" | "BAD" => Err(ImapError::Refused { command: "STARTTLS", text: printable(text) }),
            _ => Err(ImapError::Protocol("its answer to STARTTLS is not IMAP".into())),
        };
    }
    Err(ImapError::Limit("too many lines before TLS".into()))
}

fn greeting_text(line: &str) -> &str {
    status(line, "*").1
}

/// Splits `TAG STATUS text`.
fn status<'a>(line: &'a str, tag: &str) -> (String, &'a str) {
    let rest = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')).unwrap_or_default();
    let (word, text) = rest.split_once(' ').unwrap_or((rest, ""));
    (word.to_ascii_uppercase(), text)
}

struct Reader {
    buffer: Vec<u8>,
    received: usize,
}

impl Reader {
    async fn line<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<String, ImapError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                return Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
            if self.buffer.len() > MAX_LINE || self.received > MAX_BYTES {
                return Err(ImapError::Limit("a line before TLS".into()));
            }
            let mut part = [0; 1024];
            let read = stream.read(&mut part).await.map_err(|error| ImapError::Lost(error.kind().to_string()))?;
            if read == 0 {
                return Err(ImapError::Lost("it was closed before TLS".into()));
            }
            self.received += read;
            self.buffer.extend(part.iter().take(read));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME_LIMIT: Duration = Duration::from_secs(60);

    /// The result for a server that sends these bytes, and the bytes that it received.
    async fn serve(server_sends: &'static [&'static [u8]]) -> (Result<String, ImapError>, Vec<u8>) {
        let (mut server, mut client) = tokio::io::duplex(1 << 14);
        let serving = tokio::spawn(async move {
            let mut received = Vec::new();
            for (turn, piece) in server_sends.iter().enumerate() {
                if turn > 0 {
                    let mut part = [0; 100];
                    let read = server.read(&mut part).await.unwrap();
                    received.extend_from_slice(&part[..read]);
                }
                server.write_all(piece).await.unwrap();
            }
            server.shutdown().await.unwrap();
            server.read_to_end(&mut received).await.unwrap();
            received
        });
        let result = negotiate(&mut client, TIME_LIMIT).await;
        drop(client);
        (result, serving.await.unwrap())
    }

    #[tokio::test]
    async fn a_plain_dialogue_leads_to_tls() {
        let (result, sent) =
            serve(&[b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hej\r\n", b"* OK noise\r\nT1 OK begin\r\n"]).await;
        assert!(result.unwrap().ends_with("hej"));
        assert_eq!(sent, b"T1 STARTTLS\r\n");
    }

    #[tokio::test]
    async fn every_attack_before_tls_ends_the_connection() {
        let attacks: &[&'static [&'static [u8]]] = &[
            &[b"* PREAUTH hej\r\n"],
            &[b"* BYE\r\n"],
            &[b"hello\r\n"],
            &[b"A1 OK hej\r\n"],
            &[b"* OK hej\r\n* CAPABILITY IMAP4rev1\r\n"],
            &[b"* OK hej\r\n", b"T1 NO not today\r\n"],
            &[b"* OK hej\r\n", b"T1 BAD what\r\n"],
            &[b"* OK hej\r\n", b"T1 OK begin\r\n* OK injected\r\n"],
            &[b"* OK hej\r\n", b"T2 OK begin\r\n"],
            &[b"* OK hej\r\n", b""],
        ];
        for attack in attacks {
            let (result, sent) = serve(attack).await;
            assert!(result.is_err(), "{attack:?}");
            assert!(sent.is_empty() || sent == b"T1 STARTTLS\r\n", "{attack:?}");
        }
    }
}
