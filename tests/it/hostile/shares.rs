//! Servers that all send more than they announced, at the same time: one limit applies to all the mail in flight, and no
//! poll waits for ever.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::CANARY;
use crate::support::{
    facts::JOBB_INBOX,
    mailferry::Mailferry,
    measured::{self, Measured},
    ordinary,
};

/// A server whose mails have more bytes than it announces.
#[derive(Clone, Copy)]
struct MisannouncingServer {
    mails: usize,
    bytes: usize,
}

impl MisannouncingServer {
    /// The bytes of a mail. All mails differ, so that each is imported.
    fn body(self, server: usize, mail: usize) -> Vec<u8> {
        let header = format!("Subject: {server} {mail}\r\nMessage-ID: <{server}.{mail}@example.org>\r\n\r\n");
        let mut body = header.into_bytes();
        body.resize(self.bytes, b'x');
        body
    }

    fn serve(self, server: usize, stream: &TcpStream) -> std::io::Result<()> {
        let small = vec![b"Subject: small\r\n\r\n".to_vec(); self.mails];
        let mut writer = stream;
        writer.write_all(b"* OK ready\r\n")?;
        for line in BufReader::new(stream).lines() {
            let line = line?;
            let (tag, command) = line.split_once(' ').unwrap_or_default();
            if !command.contains("BODY.PEEK[]") {
                writer.write_all(&ordinary::answer(&line, &small).unwrap())?;
                continue;
            }
            for mail in 1..=self.mails {
                write!(writer, "* {mail} FETCH (UID {mail} BODY[] {{{}}}\r\n", self.bytes)?;
                writer.write_all(&self.body(server, mail))?;
                writer.write_all(b")\r\n")?;
            }
            write!(writer, "{tag} OK done\r\n")?;
        }
        Ok(())
    }
}

/// Polls this number of misannouncing servers at the same time.
fn poll_servers(servers: usize, misannouncing: MisannouncingServer, env: &[(&str, &str)]) -> (Mailferry, Measured) {
    let mut mailferry = Mailferry::new();
    for (name, value) in env {
        mailferry.env(name, value);
    }
    mailferry.add_inbox(JOBB_INBOX);
    for server in 0..servers {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let options = ["--host", "127.0.0.1", "--tls", "none", "--port", &port].map(str::to_owned);
        let address = format!("jobb{server}@lillestad.se");
        mailferry.add_mailbox_with_password(&address, JOBB_INBOX, &options, &["--start", "all"], CANARY);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let _ended_by_the_client = misannouncing.serve(server, &stream);
            }
        });
    }
    let measured = measured::run(&mailferry, &["--json", "poll"], Duration::from_secs(120));
    let (took, peak, processor) = (measured.duration, measured.peak >> 20, measured.processor);
    println!("{servers} servers: {took:?}, {peak} MB, {processor:?} of the processor");
    (mailferry, measured)
}

#[test]
fn sixteen_literals_of_31_mib_stay_within_the_memory_limit() {
    let misannouncing = MisannouncingServer { mails: 1, bytes: 31 << 20 };
    let (_, measured) = poll_servers(16, misannouncing, &[("MAILFERRY__SCHEDULE__PER_HOST", "16")]);
    assert_eq!(measured.output.code, 0, "{}", measured.output.all());
    let lines = measured.output.json();
    assert_eq!(lines.iter().filter(|line| line["imported"] == 1).count(), 16, "{lines:?}");
    // 64 MiB of mail in flight, and the program itself with its database.
    assert!(measured.peak <= 192 << 20, "the polls used {} MB", measured.peak >> 20);
}

#[test]
fn polls_that_hold_memory_and_need_more_do_not_deadlock() {
    // The budget of 1 KiB is raised to 7 MiB, the minimum for this literal limit and four sessions. Each of the four polls
    // would collect 4 MiB before it commits.
    let env = [
        ("MAILFERRY__SCHEDULE__PARALLEL", "4"),
        ("MAILFERRY__LIMITS__LITERAL", "2MiB"),
        ("MAILFERRY__LIMITS__IN_FLIGHT", "1KiB"),
        ("MAILFERRY__DEADLINES__COMMAND", "30s"),
    ];
    for bytes in [1200 << 10, 1900 << 10] {
        let (_, measured) = poll_servers(4, MisannouncingServer { mails: 8, bytes }, &env);
        assert_eq!(measured.output.code, 0, "{}", measured.output.all());
        let lines = measured.output.json();
        assert!(lines.iter().all(|line| line["imported"] == 8), "{lines:?}");
    }
}
