//! One connection of a sink.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::Duration,
};

use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{
    Shared,
    personality::{Act, Personality, Protocol, Step, Tls},
    transaction::Transaction,
};

/// Time limit for a line from the client.
const SILENCE: Duration = Duration::from_secs(60);

/// The bytes that are sent instead of a TLS handshake.
const GARBAGE: &[u8] = b"500 5.5.1 what is this\r\n";

pub(super) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// The connection has ended, whether that was expected or not.
pub(super) struct SessionEnded;

pub(super) struct Session<'a> {
    pub(super) stream: BufReader<Box<dyn Stream>>,
    tcp: TcpStream,
    pub(super) personality: &'a Personality,
    pub(super) shared: &'a Shared,
    /// The envelope so far, with the properties of the connection.
    pub(super) transaction: Transaction,
    has_sender: bool,
}

impl<'a> Session<'a> {
    pub fn serve(tcp: TcpStream, number: usize, personality: &'a Personality, shared: &'a Shared) {
        tcp.set_read_timeout(Some(SILENCE)).unwrap();
        tcp.set_nodelay(true).unwrap();
        let mut session = Self {
            stream: BufReader::new(Box::new(tcp.try_clone().unwrap())),
            tcp,
            personality,
            shared,
            transaction: Transaction { connection: number, ..Transaction::default() },
            has_sender: false,
        };
        let _over = session.play();
        let _ = session.tcp.shutdown(Shutdown::Both);
    }

    fn play(&mut self) -> Result<(), SessionEnded> {
        if let Tls::Implicit(config) = &self.personality.tls {
            self.begin_tls(config);
        }
        let name = if self.personality.protocol == Protocol::Lmtp { "LMTP" } else { "ESMTP" };
        self.step(&[Step::Greeting], &format!("220 localhost {name} sink"))?;
        loop {
            let line = self.line()?;
            self.command(&line)?;
        }
    }

    fn command(&mut self, line: &str) -> Result<(), SessionEnded> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" | "LHLO" => self.hello(argument),
            "STARTTLS" => self.starttls(),
            "AUTH" => self.auth(argument),
            "MAIL" => self.mail(argument),
            "RCPT" => self.rcpt(argument),
            "DATA" if self.transaction.recipients.is_empty() => self.send(b"503 5.5.1 no recipients\r\n"),
            "DATA" => self.data(),
            "BDAT" => self.chunk(argument),
            "RSET" => {
                self.reset();
                self.send(b"250 2.0.0 forgotten\r\n")
            }
            "NOOP" => self.send(b"250 2.0.0 still here\r\n"),
            "QUIT" => {
                self.step(&[Step::Quit], "221 2.0.0 bye")?;
                Err(SessionEnded)
            }
            _ => self.send(b"500 5.5.2 unknown command\r\n"),
        }
    }

    fn hello(&mut self, name: &str) -> Result<(), SessionEnded> {
        name.clone_into(&mut self.transaction.hello);
        self.reset();
        let offers_tls = matches!(self.personality.tls, Tls::Offered(_) | Tls::Garbage) && !self.transaction.tls;
        let offers_login = self.personality.login.is_some() && !offers_tls;
        let extra = [(offers_tls, "STARTTLS"), (offers_login, "AUTH PLAIN LOGIN")];
        let extra = extra.iter().filter(|(is_offered, _)| *is_offered).map(|(_, word)| *word);
        let words: Vec<&str> = std::iter::once("localhost")
            .chain(self.personality.capabilities.iter().map(String::as_str))
            .chain(extra)
            .collect();
        let (last, before) = words.split_last().unwrap();
        let before: String = before.iter().map(|word| format!("250-{word}\n")).collect();
        self.step(&[Step::Hello], &format!("{before}250 {last}")).map(drop)
    }

    fn starttls(&mut self) -> Result<(), SessionEnded> {
        if matches!(self.personality.tls, Tls::None | Tls::Implicit(_)) {
            return self.send(b"502 5.5.1 no TLS here\r\n");
        }
        let said = self.step(&[Step::StartTls], "220 2.0.0 go ahead")?;
        match &self.personality.tls {
            Tls::Offered(config) if said.starts_with("220") => {
                self.begin_tls(config);
                Ok(())
            }
            Tls::Garbage if said.starts_with("220") => {
                self.send(GARBAGE)?;
                Err(SessionEnded)
            }
            _ => Ok(()),
        }
    }

    fn mail(&mut self, argument: &str) -> Result<(), SessionEnded> {
        if self.personality.login.is_some() && self.transaction.login.is_none() {
            return self.send(b"530 5.7.0 Authentication required\r\n");
        }
        let said = self.step(&[Step::Mail], "250 2.1.0 sender ok")?;
        if said.starts_with('2') {
            self.reset();
            let (sender, parameters) = path(argument);
            self.transaction.sender = sender;
            self.transaction.parameters = parameters;
            self.has_sender = true;
        }
        Ok(())
    }

    fn rcpt(&mut self, argument: &str) -> Result<(), SessionEnded> {
        if !self.has_sender {
            return self.send(b"503 5.5.1 no sender\r\n");
        }
        let (recipient, _) = path(argument);
        let said = self.step(&[Step::RcptOf(recipient.clone()), Step::Rcpt], "250 2.1.5 recipient ok")?;
        if said.starts_with('2') {
            self.transaction.recipients.push(recipient);
        }
        Ok(())
    }

    /// Performs the act of the first of these steps that has a rule, or else sends the usual lines. Returns the lines sent.
    pub(super) fn step(&mut self, steps: &[Step], usual: &str) -> Result<String, SessionEnded> {
        let act = steps.iter().find_map(|step| self.personality.act(step));
        self.perform(act, usual)
    }

    pub(super) fn perform(&mut self, act: Option<Act>, usual: &str) -> Result<String, SessionEnded> {
        let wire = |lines: &str| format!("{}\r\n", lines.replace('\n', "\r\n"));
        match act {
            None => self.send(wire(usual).as_bytes())?,
            Some(Act::Say(lines)) => {
                self.send(wire(&lines).as_bytes())?;
                return Ok(lines);
            }
            Some(Act::SayAndClose(lines)) => {
                self.send(wire(&lines).as_bytes())?;
                return Err(SessionEnded);
            }
            Some(Act::Bytes(bytes)) => {
                self.send(&bytes)?;
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
            Some(Act::Close) => return Err(SessionEnded),
            Some(Act::Wait) => {
                self.shared.gate.pass();
                self.send(wire(usual).as_bytes())?;
            }
            Some(Act::Drip) => {
                for byte in wire(usual).into_bytes() {
                    self.shared.gate.pass();
                    self.send(&[byte])?;
                }
            }
            Some(Act::Flood(bytes)) => {
                let many = bytes.repeat((1 << 14) / bytes.len().max(1) + 1);
                loop {
                    self.send(&many)?;
                }
            }
        }
        Ok(usual.to_owned())
    }

    /// Clears the envelope, but keeps the properties of the connection.
    pub(super) fn reset(&mut self) {
        let Transaction { connection, hello, tls, login, .. } = std::mem::take(&mut self.transaction);
        self.transaction = Transaction { connection, hello, tls, login, ..Transaction::default() };
        self.has_sender = false;
    }

    /// Reads and records the client's next line.
    pub(super) fn line(&mut self) -> Result<String, SessionEnded> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).map_err(|_| SessionEnded)?;
        if !line.ends_with(b"\n") {
            return Err(SessionEnded);
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        self.shared.lock().commands.push((self.transaction.connection, line.clone()));
        Ok(line)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), SessionEnded> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).and_then(|()| stream.flush()).map_err(|_| SessionEnded)
    }

    /// Starts TLS. Discards bytes that the client sent before its handshake.
    fn begin_tls(&mut self, config: &Arc<ServerConfig>) {
        let tls = ServerConnection::new(Arc::clone(config)).unwrap();
        self.stream = BufReader::new(Box::new(StreamOwned::new(tls, self.tcp.try_clone().unwrap())));
        self.reset();
        self.transaction.tls = true;
    }
}

/// The address between the brackets, and the parameters after it.
fn path(argument: &str) -> (String, Vec<String>) {
    let (_, rest) = argument.split_once('<').unwrap_or(("", argument));
    let (address, parameters) = rest.rsplit_once('>').unwrap_or((rest, ""));
    (address.to_owned(), parameters.split_whitespace().map(str::to_owned).collect())
}
