//! Endless lists of folders: Mailferry stops reading them at its limits, and they cost little until then.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::{GRACE, with_short_deadlines};
use crate::support::{facts::JOBB, measured, measured::Measured, ordinary};

/// The memory limit of a listing; the program itself uses most of it.
const MAX_MEMORY: u64 = 96 << 20;

/// Serves an ordinary account, but sends `before` ahead of the answers to commands that begin with `at`.
fn serve(stream: &TcpStream, at: &str, before: &[u8]) -> std::io::Result<()> {
    let mut writer = stream;
    writer.write_all(b"* OK ready\r\n")?;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line.split_once(' ').is_some_and(|(_, command)| command.starts_with(at)) {
            writer.write_all(before)?;
        }
        writer.write_all(&ordinary::answer(&line, &[]).unwrap())?;
    }
    Ok(())
}

/// Lists the folders of a server that sends `before` ahead of its answers to commands that begin with `at`.
fn measured_listing(at: &'static str, before: impl Into<Vec<u8>>) -> Measured {
    let before = before.into();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut mailferry = with_short_deadlines(listener.local_addr().unwrap().port(), "none", &[]);
    mailferry.env("MAILFERRY__DEADLINES__COMMAND", "30s");
    mailferry.env("MAILFERRY__DEADLINES__LOGIN", "30s");
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let _ended_by_the_client = serve(&stream, at, &before);
    });
    let measured = measured::run(&mailferry, &["--json", "mailbox", "folders", JOBB], Duration::from_secs(30) + GRACE);
    server.join().unwrap();
    let (took, peak, processor) = (measured.duration, measured.peak >> 20, measured.processor);
    println!("{took:?}, {peak} MB, {processor:?} of the processor, {} bytes", measured.output.stdout.len());
    assert!(measured.peak <= MAX_MEMORY, "the command used {peak} MB");
    measured
}

fn refused(at: &'static str, before: impl Into<Vec<u8>>, why: &str) {
    let measured = measured_listing(at, before);
    let said = measured.output.all();
    assert_eq!(measured.output.code, 1, "{}", said.chars().take(300).collect::<String>());
    assert!(said.contains(why), "the output must contain {why:?}:\n{}", said.chars().take(300).collect::<String>());
    // Without optimisation, a megabyte takes a quarter of a second.
    assert!(
        measured.processor <= Duration::from_secs(8),
        "the command used {:?} of processor time",
        measured.processor
    );
}

fn named(name: &str) -> String {
    format!("* LIST () \"/\" \"{name}\"\r\n")
}

#[test]
fn folder_names_of_three_megabytes_are_rejected() {
    let name = "x".repeat(3 << 20);
    refused("LIST", named(&name).repeat(20), "a line of more than 65536 bytes");
    let literal = format!("* LIST () \"/\" {{{}}}\r\n{name}\r\n", name.len());
    refused("LIST", literal.repeat(20), "a folder whose name has 3145728 bytes");
}

#[test]
fn a_folder_name_has_at_most_a_thousand_bytes() {
    let measured = measured_listing("LIST", named(&"x".repeat(1000)));
    assert_eq!(measured.output.code, 0, "{}", measured.output.all());
    assert!(measured.output.text().contains(&"x".repeat(1000)));
    refused("LIST", named(&"x".repeat(1001)), "a folder whose name has 1001 bytes");
    let literal = format!("* LIST () \"/\" {{2000}}\r\n{}\r\n", "x".repeat(2000));
    refused("LIST", literal, "a folder whose name has 2000 bytes");
}

#[test]
fn a_folder_list_has_at_most_four_megabytes() {
    let lines = |count: usize, length: usize| -> String {
        (0..count).map(|at| named(&format!("{at:x>length$}", length = length))).collect()
    };
    let measured = measured_listing("LIST", lines(19_000, 190));
    assert_eq!(measured.output.code, 0, "{}", measured.output.stderr);
    assert_eq!(measured.output.json().len(), 19_001, "INBOX is there, too");
    refused("LIST", lines(19_000, 900), "more than 4194304 bytes");
    refused("LIST", lines(100_000, 10), "more than 20000 folders");
    refused("LIST", named("Arkiv").repeat(1_000_000), "more than");
}

#[test]
fn responses_to_other_commands_have_a_small_limit() {
    let status = format!("* STATUS INBOX (MESSAGES 1{})\r\n", " MESSAGES 1".repeat(5_000));
    refused("STATUS", status.repeat(1_000), "more than 16777216 bytes");
}

#[test]
fn responses_before_the_login_have_a_smaller_limit() {
    for line in [
        "* OK still here\r\n".to_owned(),
        format!("* CAPABILITY IMAP4rev1{}\r\n", " A".repeat(30_000)),
        format!("* XFOO {}\r\n", "x".repeat(100)),
    ] {
        let flood = line.repeat((4 << 20) / line.len());
        for at in ["CAPABILITY", "LOGIN"] {
            refused(at, flood.clone(), "more than 131072 bytes before the login");
        }
    }
}
