//! One connection of the scripted server: plays its dialogue and records the session.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio_rustls::rustls::{ServerConnection, StreamOwned};

use super::{
    Session, Shared,
    dialogue::{Dialogue, Step, matches_pattern},
};
use crate::support::ordinary;

/// The timeout for a command of the client.
const SILENCE: Duration = Duration::from_secs(60);

/// The number of octets of a flood that are sent at once.
const FLOOD: usize = 1 << 14;

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

pub struct Connection<'a> {
    tcp: TcpStream,
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    /// The last line of the client, and its tag.
    command: String,
    tag: String,
    session: Session,
    /// The number of octets that are sent at once, and the pause between two writes.
    drip: Option<(usize, Duration)>,
    dialogue: &'a Dialogue,
    shared: &'a Shared,
}

/// The connection has ended; the session records whether that was expected.
struct ConversationEnd;

impl<'a> Connection<'a> {
    pub fn serve(tcp: TcpStream, dialogue: &'a Dialogue, shared: &'a Shared) -> Session {
        tcp.set_read_timeout(Some(SILENCE)).unwrap();
        let stream = Box::new(tcp.try_clone().unwrap());
        let session = Session::default();
        let mut connection = Self {
            tcp,
            stream,
            unread: Vec::new(),
            command: String::new(),
            tag: String::new(),
            session,
            drip: None,
            dialogue,
            shared,
        };
        if shared.implicit_tls {
            connection.start_tls();
        }
        let _over = connection.play();
        let _ = connection.tcp.shutdown(Shutdown::Both);
        connection.session
    }

    fn play(&mut self) -> Result<(), ConversationEnd> {
        self.run(&self.dialogue.steps)?;
        while let Some(line) = self.read_line() {
            self.take_tag(&line);
            self.send_when_answer(&line)?;
        }
        Ok(())
    }

    fn run(&mut self, steps: &'a [Step]) -> Result<(), ConversationEnd> {
        for step in steps {
            match step {
                Step::Say(bytes) => self.say(bytes),
                Step::Expect(pattern) => self.expect(pattern)?,
                Step::Omit(uid, end) => {
                    let answer = ordinary::answer_without(*uid, end, &self.command, &self.shared.messages);
                    self.say_ordinary(&answer.unwrap());
                }
                Step::StartTls => self.start_tls(),
                Step::Delay(milliseconds) => thread::sleep(Duration::from_millis(*milliseconds)),
                Step::Drip(octets, milliseconds) => self.drip = Some((*octets, Duration::from_millis(*milliseconds))),
                Step::Flood(line) => {
                    self.flood(line);
                    return Err(ConversationEnd);
                }
                Step::Cut => return Err(ConversationEnd),
            }
        }
        Ok(())
    }

    fn say(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).replace("TAG", &self.tag);
        self.session.lines.push(format!("S: {}", text.trim_end()));
        // A closed connection is noticed at the next read.
        let _ = self.send(text.as_bytes());
    }

    fn flood(&mut self, line: &str) {
        let line = line.replace("TAG", &self.tag);
        self.session.lines.push(format!("S: {} (again and again)", line.trim_end()));
        let many = line.repeat(FLOOD.div_ceil(line.len()));
        while self.send(many.as_bytes()).is_ok() {}
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let Some((octets, pause)) = self.drip else {
            return self.stream.write_all(bytes).and_then(|()| self.stream.flush());
        };
        for part in bytes.chunks(octets) {
            self.stream.write_all(part).and_then(|()| self.stream.flush())?;
            thread::sleep(pause);
        }
        Ok(())
    }

    fn say_ordinary(&mut self, answer: &[u8]) {
        self.session.lines.push(format!("S: an ordinary answer of {} octets", answer.len()));
        let _ = self.send(answer);
    }

    /// Reads until the expected line arrives; commands that have a WHEN answer or an ordinary one may come before it.
    fn expect(&mut self, pattern: &str) -> Result<(), ConversationEnd> {
        loop {
            let Some(line) = self.read_line() else {
                self.session.error = Some(format!("the client left before {pattern:?}"));
                return Err(ConversationEnd);
            };
            let with_tag = pattern.split(' ').next() == Some("TAG");
            let wanted = match with_tag {
                true => {
                    self.take_tag(&line);
                    pattern.replacen("TAG", &self.tag, 1)
                }
                false => pattern.to_owned(),
            };
            if matches_pattern(&wanted, &line) {
                return Ok(());
            }
            self.session.error = Some(format!("wanted {pattern:?}, got {line:?}"));
            self.send_when_answer(&line)?;
            self.session.error = None;
        }
    }

    fn take_tag(&mut self, line: &str) {
        line.clone_into(&mut self.command);
        self.tag = line.split(' ').next().unwrap_or_default().to_owned();
    }

    fn send_when_answer(&mut self, line: &str) -> Result<(), ConversationEnd> {
        let tag = self.tag.clone();
        let fitting = |(pattern, _): &&(String, Vec<Step>)| matches_pattern(&pattern.replacen("TAG", &tag, 1), line);
        if let Some((_, steps)) = self.dialogue.when_answers.iter().rev().find(fitting) {
            return self.run(steps);
        }
        if self.dialogue.is_ordinary
            && let Some(answer) = ordinary::answer(line, &self.shared.messages)
        {
            self.say_ordinary(&answer);
            return Ok(());
        }
        self.session.error.get_or_insert_with(|| format!("the dialogue has no answer to {line:?}"));
        let _ = self.stream.write_all(format!("{tag} BAD not in the dialogue\r\n").as_bytes());
        Err(ConversationEnd)
    }

    fn start_tls(&mut self) {
        let config = Arc::clone(self.shared.tls.as_ref().expect("a server with_tls"));
        let tls = ServerConnection::new(config).unwrap();
        self.stream = Box::new(StreamOwned::new(tls, self.tcp.try_clone().unwrap()));
    }

    /// The next line, with its literals; `None` at the end of the connection.
    fn read_line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            let end = loop {
                match self.unread.iter().position(|byte| *byte == b'\n') {
                    Some(end) => break end + 1,
                    None => self.read_more()?,
                }
            };
            line.extend(self.unread.drain(..end));
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let Some(announced) = text.strip_suffix('}').and_then(|text| text.rsplit_once('{')) else {
                self.session.lines.push(format!("C: {text}"));
                return Some(text);
            };
            let length: usize = announced.1.trim_end_matches('+').parse().ok()?;
            if !announced.1.ends_with('+') {
                let _ = self.stream.write_all(b"+ go on\r\n").and_then(|()| self.stream.flush());
            }
            while self.unread.len() < length {
                self.read_more()?;
            }
            line.extend(self.unread.drain(..length));
        }
    }

    fn read_more(&mut self) -> Option<()> {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(0) => None,
            Ok(count) => {
                self.session.received.extend(&bytes[..count]);
                self.unread.extend(&bytes[..count]);
                Some(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Some(()),
            Err(error) => {
                // A client may close without LOGOUT, but must not wait for ever.
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) {
                    self.session.error.get_or_insert_with(|| "the client has fallen silent".to_owned());
                }
                None
            }
        }
    }
}
