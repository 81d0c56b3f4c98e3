//! Parsing time grows linearly with the length of an answer: no server can cause quadratic work.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
    time::Duration,
};

use super::{measured_poll, with_short_deadlines};
use crate::support::ordinary;

/// The processor time of a poll in which the server sends `before` ahead of its ordinary answer to EXAMINE.
fn processor_time(before: Vec<u8>) -> Duration {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut mailferry = with_short_deadlines(listener.local_addr().unwrap().port(), "none", &[]);
    mailferry.env("MAILFERRY__DEADLINES__COMMAND", "60s");
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut writer = &stream;
        writer.write_all(b"* OK ready\r\n").unwrap();
        for line in BufReader::new(&stream).lines().map_while(Result::ok) {
            if line.contains("EXAMINE") {
                writer.write_all(&before).unwrap();
            }
            writer.write_all(&ordinary::answer(&line, &[]).unwrap()).unwrap();
        }
    });
    let (measured, line) = measured_poll(&mailferry, Duration::from_secs(90));
    server.join().unwrap();
    assert!(line["error"].is_null(), "{line}");
    measured.processor
}

/// Compares an answer with one that is twice as long. Times vary on a busy machine, so the limit is wide; quadratic work
/// would take four times as long.
fn assert_linear_time(what: &str, answer: impl Fn(usize) -> String, count: usize) {
    let [once, twice] = [count, 2 * count].map(|count| (answer(count).into_bytes(), count));
    let length = once.0.len();
    let [once, twice] = [once.0, twice.0].map(processor_time);
    let ratio = twice.as_secs_f64() / once.as_secs_f64();
    println!("{what}, {length} octets: {once:?}, twice as many: {twice:?}, ratio {ratio:.2}");
    assert!(ratio <= 3.5, "{what}: {once:?}, then {twice:?}");
}

/// `* SEARCH 1 2 3 …`
fn search(count: u32) -> String {
    (1..=count).fold("* SEARCH".to_owned(), |mut line, uid| {
        write!(line, " {uid}").unwrap();
        line
    }) + "\r\n"
}

#[test]
fn the_time_to_parse_many_lines_of_uids_grows_linearly() {
    assert_linear_time("SEARCH lines", |count| search(10_000).repeat(count), 100);
}

#[test]
fn the_time_to_parse_one_long_line_of_uids_grows_linearly() {
    assert_linear_time("one SEARCH line", |count| search(u32::try_from(count).unwrap()), 60_000);
}

#[test]
fn the_time_to_parse_small_literals_grows_linearly() {
    let answer = format!("* 1 FETCH (UID 1 {}FLAGS ())\r\n", "BODY[1] {1}\r\nx ".repeat(6));
    assert_linear_time("FETCH answers of 6 literals", |count| answer.repeat(count), 40_000);
}

#[test]
fn the_time_to_skip_lines_that_are_not_imap_grows_linearly() {
    let line = format!("* XFOO {}\r\n", "x".repeat(1_000));
    assert_linear_time("noise", |count| line.repeat(count), 4_000);
}
