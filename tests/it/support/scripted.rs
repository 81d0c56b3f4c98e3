//! A scripted IMAP server on a real socket, for behaviour that real servers do not show on demand. Each connection plays one
//! dialogue, in order; the last one is repeated. `dialogue.rs` describes the language of a dialogue, and those that several tests
//! use are in `tests/transcripts/`.

mod connection;
mod dialogue;

use std::{
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use tokio_rustls::rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

use super::certs::Identity;
use connection::Connection;
use dialogue::Dialogue;

pub use dialogue::{transcript, transcript_names};

pub struct Scripted {
    pub port: u16,
    ends: Arc<AtomicBool>,
    listener: Option<JoinHandle<Vec<Session>>>,
}

/// The record of one connection.
#[derive(Debug, Default)]
pub struct Session {
    /// `C: ...` and `S: ...`, one line each, in order.
    pub lines: Vec<String>,
    /// Every byte that the client has sent, after decryption if there was TLS.
    pub received: Vec<u8>,
    /// The place where the client deviated from the dialogue.
    pub error: Option<String>,
}

/// The state that all connections share.
#[derive(Default)]
struct Shared {
    messages: Vec<Vec<u8>>,
    tls: Option<Arc<ServerConfig>>,
    implicit_tls: bool,
}

impl Scripted {
    /// A server without TLS that plays these dialogues, and has no messages.
    pub fn start(dialogues: &[&str]) -> Self {
        Self::with_messages(dialogues, Vec::new())
    }

    /// Like `start`, with messages for the directive `ORDINARY`.
    pub fn with_messages(dialogues: &[&str], messages: Vec<Vec<u8>>) -> Self {
        Self::launch(dialogues, Shared { messages, ..Shared::default() })
    }

    /// A server with TLS: implicit, or by the directive `STARTTLS`.
    pub fn with_tls(dialogues: &[&str], identity: &Identity, implicit_tls: bool) -> Self {
        Self::launch(dialogues, Shared { tls: Some(tls_config(identity)), implicit_tls, ..Shared::default() })
    }

    fn launch(dialogues: &[&str], shared: Shared) -> Self {
        let dialogues: Vec<Arc<Dialogue>> = dialogues.iter().map(|text| Arc::new(Dialogue::parse(text))).collect();
        let shared = Arc::new(shared);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ends);
        let listener = thread::spawn(move || {
            let mut connections: Vec<JoinHandle<Session>> = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                if until.load(Ordering::SeqCst) {
                    break;
                }
                let dialogue = Arc::clone(&dialogues[connections.len().min(dialogues.len() - 1)]);
                let shared = Arc::clone(&shared);
                connections.push(thread::spawn(move || Connection::serve(stream, &dialogue, &shared)));
            }
            connections.into_iter().map(|connection| connection.join().unwrap()).collect()
        });
        Self { port, ends, listener: Some(listener) }
    }

    /// The options of `mailbox add` for this server, with this choice of `--tls`.
    pub fn options(&self, tls: &str) -> Vec<String> {
        ["--host", "127.0.0.1", "--tls", tls, "--port", &self.port.to_string()].map(str::to_owned).to_vec()
    }

    /// Ends the server; returns the session of each connection, in order.
    pub fn sessions(mut self) -> Vec<Session> {
        self.end()
    }

    /// Like `sessions`, but panics if a client deviated from its dialogue.
    pub fn finish(self) -> Vec<Session> {
        let sessions = self.sessions();
        for session in &sessions {
            let error = &session.error;
            assert!(error.is_none(), "{}\nafter:\n{}", error.as_ref().unwrap(), session.lines.join("\n"));
        }
        sessions
    }

    fn end(&mut self) -> Vec<Session> {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it notices that it should end.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.listener.take().map(|listener| listener.join().unwrap()).unwrap_or_default()
    }
}

/// The TLS configuration of a server with this certificate.
pub fn tls_config(identity: &Identity) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key_der.clone()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(identity.cert_der.clone())], key)
        .unwrap();
    Arc::new(config)
}

impl Drop for Scripted {
    fn drop(&mut self) {
        if self.listener.is_some() && !thread::panicking() {
            self.end();
        }
    }
}

impl Session {
    /// The commands of the client, in order, without their tags.
    pub fn commands(&self) -> Vec<&str> {
        let said = self.lines.iter().filter_map(|line| line.strip_prefix("C: "));
        said.map(|line| line.split_once(' ').map_or(line, |(_tag, command)| command)).collect()
    }

    /// Whether the client has sent credentials, or tried to.
    pub fn has_credentials(&self, password: &str) -> bool {
        let received = String::from_utf8_lossy(&self.received);
        let upper = received.to_ascii_uppercase();
        received.contains(password) || upper.contains("LOGIN") || upper.contains("AUTHENTICATE")
    }
}
