//! Endless answers. Each costs the mailbox one failed poll, and costs Mailferry little time and memory.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::{DEADLINE, GRACE, MAX_MEMORY, measured_poll, with_short_deadlines};
use crate::support::{facts::text, mail::mail, ordinary};

/// A flood that is sent instead of an answer: a beginning, and then a part that repeats for ever. If the part is empty,
/// nothing follows the beginning.
struct Flood {
    /// The beginning of the command that is answered with the flood; empty for the greeting.
    command: &'static str,
    beginning: Vec<u8>,
    repeated: Vec<u8>,
    pause: Duration,
}

impl Flood {
    fn new(command: &'static str, beginning: impl Into<Vec<u8>>, repeated: impl Into<Vec<u8>>) -> Self {
        Self { command, beginning: beginning.into(), repeated: repeated.into(), pause: Duration::ZERO }
    }

    /// Sends the flood until the client disconnects.
    fn send(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.write_all(&self.beginning)?;
        while !self.repeated.is_empty() {
            stream.write_all(&self.repeated)?;
            thread::sleep(self.pause);
        }
        Ok(())
    }

    /// An ordinary server with one mail, until the command arrives.
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let messages = [mail("one", "jobb@lillestad.se")];
        if self.command.is_empty() {
            self.send(stream)?;
        }
        let mut writer = stream;
        writer.write_all(b"* OK ready\r\n")?;
        for line in BufReader::new(stream).lines() {
            let line = line?;
            let (tag, command) = line.split_once(' ').unwrap_or_default();
            if !self.command.is_empty() && command.contains(self.command) {
                self.send(stream)?;
                continue;
            }
            let answer = match command.starts_with("EXAMINE") && self.command == "SEARCH" {
                // The high UIDNEXT keeps every UID of the flood in range.
                true => {
                    format!("* 1 EXISTS\r\n* OK [UIDVALIDITY 17]\r\n* OK [UIDNEXT 4000000000]\r\n{tag} OK\r\n").into()
                }
                false => ordinary::answer(&line, &messages).unwrap(),
            };
            writer.write_all(&answer)?;
        }
        Ok(())
    }
}

/// Polls a server with this flood, and checks that the poll fails at this step, within the limits, and imports nothing.
fn assert_fails_at(step: &str, flood: Flood) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mailferry = with_short_deadlines(listener.local_addr().unwrap().port(), "none", &[]);
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let _ended_by_the_client = flood.serve(&stream);
    });
    let (measured, line) = measured_poll(&mailferry, DEADLINE + GRACE);
    server.join().unwrap();
    let error = &line["error"];
    let (took, peak, processor) = (measured.duration, measured.peak >> 20, measured.processor);
    println!("{took:?}, {peak} MB, {processor:?} of the processor: {error}");
    assert_eq!(text(error, "step"), step, "{line}");
    assert!(measured.peak <= MAX_MEMORY, "the poll used {peak} MB");
    assert_eq!(mailferry.messages().len(), 0);
}

/// `* SEARCH` with UIDs from `first` on, in one line.
fn search(first: u32, count: u32) -> Vec<u8> {
    let mut line = b"* SEARCH".to_vec();
    (first..first + count).for_each(|uid| write!(line, " {uid}").unwrap());
    line.extend(b"\r\n");
    line
}

#[test]
fn an_endless_greeting_is_limited() {
    assert_fails_at("greeting", Flood::new("", "* OK ", vec![b'x'; 1 << 16]));
}

#[test]
fn an_endless_line_is_limited() {
    assert_fails_at("select", Flood::new("EXAMINE", "* OK ", vec![b'x'; 1 << 16]));
}

#[test]
fn endless_exists_responses_are_limited() {
    assert_fails_at("select", Flood::new("EXAMINE", "", "* 1 EXISTS\r\n".repeat(5_000)));
}

#[test]
fn endless_untagged_ok_responses_are_limited() {
    assert_fails_at("select", Flood::new("EXAMINE", "", "* OK still here\r\n".repeat(5_000)));
    assert_fails_at("login", Flood::new("LOGIN", "", "* OK still here\r\n".repeat(5_000)));
}

#[test]
fn endless_continuation_requests_are_limited() {
    assert_fails_at("login", Flood::new("LOGIN", "", "+ go on\r\n".repeat(5_000)));
}

#[test]
fn endless_lines_that_are_not_imap_are_limited() {
    assert_fails_at("select", Flood::new("EXAMINE", "", "* XFOO bar\r\n".repeat(5_000)));
}

#[test]
fn a_literal_of_a_hundred_gigabytes_is_rejected() {
    assert_fails_at(
        "fetch",
        Flood::new("RFC822.SIZE", "* 1 FETCH (UID 1 BODY[] {99999999999}\r\n", vec![b'x'; 1 << 16]),
    );
}

#[test]
fn a_million_parentheses_are_rejected() {
    let open = "(".repeat(1_000_000);
    assert_fails_at("fetch", Flood::new("RFC822.SIZE", format!("* 1 FETCH (UID 1 BODYSTRUCTURE {open}\r\n"), ""));
    let lines = format!("* 1 FETCH {}\r\n", "(".repeat(1_000)).repeat(1_000);
    assert_fails_at("fetch", Flood::new("RFC822.SIZE", lines, ""));
}

#[test]
fn ten_million_uids_in_one_line_are_limited() {
    assert_fails_at("search", Flood::new("SEARCH", search(1, 10_000_000), ""));
}

#[test]
fn ten_million_uids_in_many_lines_are_limited() {
    let lines: Vec<u8> = (0..1_000).flat_map(|part| search(1 + part * 10_000, 10_000)).collect();
    assert_fails_at("search", Flood::new("SEARCH", lines, ""));
}

#[test]
fn endless_repeated_uids_are_limited() {
    assert_fails_at("search", Flood::new("SEARCH", "", search(1, 10_000)));
}

#[test]
fn an_endless_response_of_small_literals_is_limited() {
    let repeated = "BODY[1] {1}\r\nx ".repeat(1_000);
    assert_fails_at("fetch", Flood::new("RFC822.SIZE", "* 1 FETCH (UID 1 ", repeated));
}

#[test]
fn an_endless_response_of_large_literals_is_limited() {
    let repeated = format!("BODY[1] {{1000000}}\r\n{} ", "x".repeat(1_000_000));
    assert_fails_at("fetch", Flood::new("RFC822.SIZE", "* 1 FETCH (UID 1 ", repeated));
}

#[test]
fn endless_unsolicited_mails_are_limited() {
    let repeated = format!("* 2 FETCH (UID 2 BODY[] {{1000000}}\r\n{})\r\n", "x".repeat(1_000_000));
    assert_fails_at("fetch", Flood::new("BODY.PEEK", "", repeated));
}

#[test]
fn a_mail_much_larger_than_announced_is_limited() {
    let size = 60 << 20;
    let mail = format!("* 1 FETCH (UID 1 BODY[] {{{size}}}\r\n{}", "x".repeat(size));
    assert_fails_at("fetch", Flood::new("BODY.PEEK", mail, ""));
}

#[test]
fn a_server_sending_one_byte_a_second_is_disconnected() {
    for (at, step) in [("", "greeting"), ("EXAMINE", "select"), ("RFC822.SIZE", "fetch")] {
        assert_fails_at(step, Flood { pause: Duration::from_secs(1), ..Flood::new(at, "* OK ", "x") });
    }
}
