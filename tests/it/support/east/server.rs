//! Plays a script for one client, as fake-mail-server does: commands that the script does not cover are answered as by an ordinary
//! server with an empty INBOX.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{No, Script, words::capabilities};
use crate::support::{ordinary, wait};

/// The bytes that a client has sent.
#[derive(Debug, Default)]
pub struct ClientBytes {
    /// The bytes before TLS, without the handshake itself.
    pub plain: Vec<u8>,
    /// The bytes inside TLS.
    pub encrypted: Vec<u8>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

struct Server<'a> {
    tcp: TcpStream,
    stream: Box<dyn Stream>,
    script: &'a Script,
    tls: Arc<ServerConfig>,
    is_encrypted: bool,
    is_logged_in: bool,
    visit: ClientBytes,
}

/// Waits for the next client, for at most this time, and serves it until it disconnects.
pub fn play(listener: &TcpListener, script: &Script, tls: Arc<ServerConfig>, limit: Duration) -> ClientBytes {
    listener.set_nonblocking(true).unwrap();
    let (tcp, _) = wait::until("a visitor", limit, || listener.accept().ok());
    tcp.set_nonblocking(false).unwrap();
    tcp.set_read_timeout(Some(limit)).unwrap();
    let stream = Box::new(tcp.try_clone().unwrap());
    let visit = ClientBytes::default();
    let mut server = Server { tcp, stream, script, tls, is_encrypted: false, is_logged_in: false, visit };
    if script.implicit_tls {
        server.start_tls();
    }
    server.say(&script.override_response.get("greeting").cloned().unwrap_or_else(|| script.greeting.line()));
    server.say(script.response_after_greeting.as_deref().unwrap_or_default());
    while let Some(line) = server.read_line() {
        server.answer(&line);
    }
    let _ = server.tcp.shutdown(Shutdown::Both);
    server.visit
}

impl Server<'_> {
    fn answer(&mut self, line: &str) {
        let script = self.script;
        let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
        let verb = command.split(' ').next().unwrap_or_default().to_lowercase();
        let ignored = if self.is_encrypted { &script.ignore_commands_tls } else { &script.ignore_commands };
        if ignored.contains(&verb) {
            return;
        }
        if script.hide_commands.contains(&verb) {
            return self.say(&format!("{tag} BAD unknown command\r\n"));
        }
        let refusal = match verb.as_str() {
            "login" => &script.override_login,
            "authenticate" => &script.override_authenticate,
            "select" | "examine" => &script.override_select,
            _ => &None,
        };
        let instead = script.override_response.get(&verb).cloned().or_else(|| refusal.as_ref().map(No::line));
        if let Some(instead) = instead {
            return self.say(&instead.replace("<tag>", tag));
        }
        match verb.as_str() {
            "capability" => self.say(&format!("* {}\r\n{tag} OK done\r\n", capabilities(self.capabilities()))),
            "starttls" => {
                let answer = script.starttls_response.as_deref().unwrap_or("<tag> OK begin TLS\r\n");
                self.say(&answer.replace("<tag>", tag));
                if script.starttls_transition {
                    self.start_tls();
                    self.say(script.response_after_tls.as_deref().unwrap_or_default());
                }
            }
            "authenticate" | "login" => {
                if verb == "authenticate" {
                    self.say("+ \r\n");
                    let _ = self.read_line();
                }
                self.is_logged_in = true;
                self.say(&format!("{tag} OK done\r\n"));
            }
            _ => match ordinary::answer(line, &[]) {
                Some(answer) => self.say(&String::from_utf8(answer).unwrap()),
                None => self.say(&format!("{tag} BAD unknown command\r\n")),
            },
        }
    }

    fn capabilities(&self) -> &[super::Capability] {
        match (self.is_encrypted, self.is_logged_in) {
            (false, false) => &self.script.caps,
            (false, true) => &self.script.caps_auth,
            (true, false) => &self.script.caps_tls,
            (true, true) => &self.script.caps_tls_auth,
        }
    }

    fn start_tls(&mut self) {
        let tls = ServerConnection::new(Arc::clone(&self.tls)).unwrap();
        self.stream = Box::new(StreamOwned::new(tls, self.tcp.try_clone().unwrap()));
        self.is_encrypted = true;
    }

    fn say(&mut self, text: &str) {
        // A closed connection is noticed at the next read.
        let _ = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
    }

    /// Reads octet by octet, so that no bytes from before TLS are buffered.
    fn read_line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let mut byte = [0];
            if self.stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            line.push(byte[0]);
            if self.is_encrypted { &mut self.visit.encrypted } else { &mut self.visit.plain }.push(byte[0]);
        }
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}
