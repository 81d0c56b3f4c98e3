//! Tests which input the guard passes on, and which it refuses.

use std::time::Duration;

use super::*;

fn limits() -> GuardLimits {
    GuardLimits {
        literal: 1000,
        line: 200,
        search_line: 400,
        nesting: 10,
        silence: Duration::from_secs(60),
        answer: 2000,
        before_login: 1000,
        throughput: 64,
    }
}

/// A guard after the login, with ample memory.
fn guard<S>(stream: S, limits: GuardLimits) -> Guard<S> {
    let mut guard = Guard::new(stream, limits, InFlight::new(1 << 20, 0, 0));
    guard.logged_in();
    guard
}

/// Reads all answers, and returns them concatenated.
async fn read_all<S: AsyncRead + Unpin>(mut guard: Guard<S>) -> Result<Vec<u8>, io::Error> {
    let mut out = Vec::new();
    while let Some(whole) = guard.answer().await? {
        out.extend_from_slice(&whole.bytes);
    }
    Ok(out)
}

/// The output of a guard that receives these pieces one by one.
async fn guard_output(pieces: &[&[u8]]) -> Result<Vec<u8>, io::Error> {
    let (mut server, client) = tokio::io::duplex(1 << 16);
    for piece in pieces {
        server.write_all(piece).await.unwrap();
    }
    drop(server);
    read_all(guard(client, limits())).await
}

fn guard_error(result: Result<Vec<u8>, io::Error>) -> GuardError {
    result.unwrap_err().get_ref().unwrap().downcast_ref::<GuardError>().unwrap().clone()
}

#[tokio::test]
async fn lines_and_literals_pass_unchanged_in_pieces_of_any_size() {
    let whole: &[u8] = b"* 1 FETCH (UID 7 BODY[] {12}\r\na\n(((\r\n\0{9}) FLAGS ())\r\nA1 OK done ((( {5}\r\n";
    assert_eq!(guard_output(&[whole]).await.unwrap(), whole);
    let bytes: Vec<&[u8]> = whole.chunks(1).collect();
    assert_eq!(guard_output(&bytes).await.unwrap(), whole);
}

#[tokio::test]
async fn a_literal_over_the_limit_is_rejected_when_it_is_announced() {
    for size in ["1001", "99999999999", "4294967296", "99999999999999999999", "-1"] {
        let line = format!("* 1 FETCH (BODY[] {{{size}}}\r\n");
        assert!(matches!(guard_error(guard_output(&[line.as_bytes()]).await), GuardError::Literal(_)), "{size}");
    }
}

#[tokio::test]
async fn an_endless_line_ends_the_session() {
    assert_eq!(guard_error(guard_output(&[b"* OK ", &[b'x'; 300]]).await), GuardError::Line(200));
}

#[tokio::test]
async fn only_a_line_of_uids_may_be_long() {
    let uids = format!("* SEARCH{}\r\n", " 1".repeat(150));
    assert_eq!(guard_output(&[uids.as_bytes()]).await.unwrap(), uids.as_bytes());
    let long = format!("* SEARCH{}\r\n", " 1".repeat(250));
    assert_eq!(guard_error(guard_output(&[long.as_bytes()]).await), GuardError::Line(400));
    for start in
        ["* CAPABILITY", "* LIST () NIL ", "* SEARC", "* ESEARCH", "F1 OK", "+ ", "* 1 FETCH (X {0}\r\n* SEARCH"]
    {
        let line = format!("{start}{}\r\n", " 1".repeat(150));
        assert_eq!(guard_error(guard_output(&[line.as_bytes()]).await), GuardError::Line(200), "{start}");
    }
}

#[tokio::test]
async fn input_before_the_login_is_limited() {
    let (mut server, client) = tokio::io::duplex(1 << 16);
    server.write_all(&b"* OK still here\r\n".repeat(100)).await.unwrap();
    let mut guard = Guard::new(client, limits(), InFlight::new(1 << 20, 0, 0));
    guard.begin_command(u64::MAX);
    assert_eq!(guard_error(read_all(guard).await), GuardError::BeforeLogin(1000));
}

#[tokio::test]
async fn a_literal_over_the_commands_limit_is_rejected_when_it_is_announced() {
    let (mut server, client) = tokio::io::duplex(1 << 16);
    server.write_all(b"* LIST () NIL {900}\r\n").await.unwrap();
    let mut guard = guard(client, limits());
    guard.begin_command(500);
    assert_eq!(guard_error(read_all(guard).await), GuardError::Command(500));
}

#[tokio::test]
async fn end_of_stream_within_a_response_is_an_error() {
    for half in
        ["* OK", "* 1 FETCH (X {5}\r\n", "* 1 FETCH (X {5}\r\nabc", "* 1 FETCH (X {1}\r\na", "* 1 FETCH (X {1}\r\na)"]
    {
        let error = guard_output(&[b"* OK\r\n", half.as_bytes()]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{half}");
    }
}

#[tokio::test]
async fn a_body_is_not_copied_and_keeps_its_share_of_the_budget() {
    let (mut server, client) = tokio::io::duplex(1 << 16);
    let budget = InFlight::new(2 << 10, 0, 0);
    let answer = format!("* 1 FETCH (UID 1 BODY[] {{900}}\r\n{})\r\n", "x".repeat(900));
    server.write_all(answer.repeat(3).as_bytes()).await.unwrap();
    let mut guard = Guard::new(client, GuardLimits { before_login: u64::MAX, ..limits() }, budget);
    guard.begin_command(u64::MAX);
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let whole = guard.answer().await.unwrap().unwrap();
        let at = whole.bytes.iter().position(|byte| *byte == b'x').unwrap();
        let piece = whole.piece(&whole.bytes[at..at + 900]);
        assert_eq!(piece.as_ptr(), whole.bytes[at..].as_ptr());
        bodies.push(piece);
    }
    let third = tokio::time::timeout(Duration::from_millis(20), guard.answer()).await;
    assert!(third.is_err(), "nothing is left");
    bodies.pop();
    assert!(guard.answer().await.unwrap().is_some(), "it continues where it was");
}

#[tokio::test]
async fn deep_nesting_is_rejected_also_after_quotes_and_literals() {
    for answer in [
        "* 1 FETCH (BODYSTRUCTURE ((((((((((((\r\n".to_owned(),
        "* 1 FETCH (X \"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\r\n".to_owned(),
        "* 1 FETCH (((((( {2}\r\nab ((((((\r\n".to_owned(),
    ] {
        assert_eq!(guard_error(guard_output(&[answer.as_bytes()]).await), GuardError::Nesting(10), "{answer}");
    }
}

#[tokio::test]
async fn an_endless_response_ends_the_session() {
    let line = b"* 1 EXISTS\r\n".repeat(200);
    assert_eq!(guard_error(guard_output(&[&line]).await), GuardError::Command(2000));
}

#[tokio::test(start_paused = true)]
async fn a_server_below_the_minimum_throughput_is_disconnected() {
    for (bytes, wanted) in [(10, Some(GuardError::Slow(64))), (1000, None)] {
        let (mut server, client) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            for _ in 0..100 {
                server.write_all(&vec![b'\n'; bytes]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let limits = GuardLimits { answer: u64::MAX, ..limits() };
        let result = read_all(guard(client, limits)).await;
        assert_eq!(result.err().map(|error| guard_error(Err(error))), wanted, "{bytes} bytes a second");
    }
}

#[tokio::test]
async fn dominos_line_end_and_extra_parentheses_are_removed() {
    let domino = b"* 1 FETCH ((UID 7 BODY[] {1}\r\na\r\n))\r\n* 2 FETCH (UID 8 FLAGS (\\Seen))\r\n";
    let wanted = b"* 1 FETCH (UID 7 BODY[] {1}\r\na)\r\n* 2 FETCH (UID 8 FLAGS (\\Seen))\r\n";
    assert_eq!(String::from_utf8(guard_output(&[domino]).await.unwrap()).unwrap(), String::from_utf8_lossy(wanted));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_disconnected() {
    let (_server, client) = tokio::io::duplex(64);
    assert_eq!(guard_error(read_all(guard(client, limits())).await), GuardError::Silence);
}
