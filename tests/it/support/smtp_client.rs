//! A small blocking SMTP and LMTP client, independent of the code under test.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

/// Time limit for an answer.
const SILENCE: Duration = Duration::from_secs(60);

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

pub struct SmtpClient {
    stream: BufReader<Box<dyn Stream>>,
    /// The TCP connection below the stream, for STARTTLS.
    tcp: Option<TcpStream>,
}

impl SmtpClient {
    pub fn connect(port: u16) -> Self {
        let mut client = Self::connect_silently(port);
        client.expect("220");
        client
    }

    /// Connects without reading a greeting.
    pub fn connect_silently(port: u16) -> Self {
        let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
        tcp.set_read_timeout(Some(SILENCE)).unwrap();
        let stream = BufReader::new(Box::new(tcp.try_clone().unwrap()) as Box<dyn Stream>);
        Self { stream, tcp: Some(tcp) }
    }

    /// Connects by implicit TLS to a server that this authority vouches for.
    pub fn connect_tls(port: u16, ca_file: &Path) -> Self {
        let mut client = Self::connect_silently(port);
        client.begin_tls(ca_file);
        client.expect("220");
        client
    }

    pub fn connect_unix(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        let mut client = Self { stream: BufReader::new(Box::new(stream)), tcp: None };
        client.expect("220");
        client
    }

    /// Sends a line and returns the answer: its lines, each without CRLF and with its code, joined by LF.
    pub fn command(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes());
        self.answer()
    }

    /// Like `command`, but panics unless the answer has this code.
    pub fn say(&mut self, line: &str, code: &str) -> String {
        let answer = self.command(line);
        assert!(answer.starts_with(code), "{line}: wanted {code}, got {answer:?}");
        answer
    }

    /// Greets, changes to TLS and greets again.
    pub fn starttls(&mut self, ca_file: &Path) -> String {
        self.say("EHLO localhost", "250");
        self.say("STARTTLS", "220");
        self.begin_tls(ca_file);
        self.say("EHLO localhost", "250")
    }

    pub fn login(&mut self, user: &str, password: &str) -> String {
        self.command(&format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}"))))
    }

    /// Greets and sends a mail, in one transaction for all recipients.
    pub fn send(&mut self, from: &str, recipients: &[&str], mail: &[u8]) {
        self.say("EHLO localhost", "250");
        self.begin(from, recipients);
        let answer = self.data(mail);
        assert!(answer.starts_with("250"), "wanted 250, got {answer:?}");
        self.say("QUIT", "221");
    }

    /// Names the sender and the recipients.
    pub fn begin(&mut self, from: &str, recipients: &[&str]) {
        self.say(&format!("MAIL FROM:<{from}>"), "250");
        for recipient in recipients {
            self.say(&format!("RCPT TO:<{recipient}>"), "250");
        }
    }

    /// Sends the mail by DATA and returns the answer; with LMTP, each further recipient has another answer.
    pub fn data(&mut self, mail: &[u8]) -> String {
        self.say("DATA", "354");
        self.write(&stuffed(mail));
        self.answer()
    }

    /// Sends the mail by BDAT (RFC 3030), in these chunks.
    pub fn bdat(&mut self, chunks: &[&[u8]]) -> String {
        let (last, before) = chunks.split_last().unwrap();
        for chunk in before {
            self.write(&[format!("BDAT {}\r\n", chunk.len()).as_bytes(), chunk].concat());
            self.expect("250");
        }
        self.write(&[format!("BDAT {} LAST\r\n", last.len()).as_bytes(), last].concat());
        self.answer()
    }

    pub fn write(&mut self, bytes: &[u8]) {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).and_then(|()| stream.flush()).unwrap();
    }

    /// The next answer; panics if the server disconnects before the answer is complete.
    pub fn answer(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            let line = self.line().unwrap_or_else(|| panic!("the server has left after {lines:?}"));
            let is_last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if is_last {
                return lines.join("\n");
            }
        }
    }

    /// Whether no further line arrives: the server closes the connection, or sends nothing for the time `SILENCE`.
    pub fn has_ended(&mut self) -> bool {
        self.line().is_none()
    }

    /// The next bytes that arrive, at most `most`; empty at the end of the connection, or after the time `SILENCE`.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most];
        let count = self.stream.read(&mut bytes).unwrap_or(0);
        bytes.truncate(count);
        bytes
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).ok()?;
        line.ends_with(b"\n").then(|| String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn expect(&mut self, code: &str) {
        let answer = self.answer();
        assert!(answer.starts_with(code), "wanted {code}, got {answer:?}");
    }

    fn begin_tls(&mut self, ca_file: &Path) {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let tcp = self.tcp.as_ref().expect("TCP").try_clone().unwrap();
        self.stream = BufReader::new(Box::new(StreamOwned::new(tls, tcp)));
    }
}

/// A mail as DATA carries it, with the final dot (RFC 5321, 4.5.2). A mail that does not end in CRLF gets one.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(mail.len() + 5);
    let mut begins_line = true;
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if begins_line && line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend(line);
        begins_line = line.ends_with(b"\r\n");
    }
    if !data.is_empty() && !data.ends_with(b"\r\n") {
        data.extend(b"\r\n");
    }
    data.extend(b".\r\n");
    data
}
