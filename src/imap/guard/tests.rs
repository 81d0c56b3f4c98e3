//! What passes the wall, and what does not.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn limits() -> GuardLimits {
    GuardLimits {
        literal: 1000,
        line: 200,
        nesting: 10,
        silence: Duration::from_secs(60),
        command: 2000,
        throughput: 64,
    }
}

/// What comes out when these pieces come in one by one.
async fn through(pieces: &[&[u8]]) -> Result<Vec<u8>, io::Error> {
    let (mut server, client) = tokio::io::duplex(1 << 16);
    for piece in pieces {
        server.write_all(piece).await.unwrap();
    }
    drop(server);
    let mut out = Vec::new();
    Guard::new(client, limits()).read_to_end(&mut out).await.map(|_| out)
}

fn tripped(result: Result<Vec<u8>, io::Error>) -> Tripped {
    result.unwrap_err().get_ref().unwrap().downcast_ref::<Tripped>().unwrap().clone()
}

#[tokio::test]
async fn lines_and_literals_pass_unchanged_however_they_are_cut() {
    let whole: &[u8] = b"* 1 FETCH (UID 7 BODY[] {12}\r\na\n(((\r\n\0{9}) FLAGS ())\r\nA1 OK done ((( {5}\r\n";
    assert_eq!(through(&[whole]).await.unwrap(), whole);
    let bytes: Vec<&[u8]> = whole.chunks(1).collect();
    assert_eq!(through(&bytes).await.unwrap(), whole);
}

#[tokio::test]
async fn a_literal_over_the_limit_is_stopped_at_its_announcement() {
    for size in ["1001", "99999999999", "4294967296", "99999999999999999999", "-1"] {
        let line = format!("* 1 FETCH (BODY[] {{{size}}}\r\n");
        assert!(matches!(tripped(through(&[line.as_bytes()]).await), Tripped::Literal(_)), "{size}");
    }
}

#[tokio::test]
async fn an_endless_line_is_stopped() {
    assert_eq!(tripped(through(&[b"* OK ", &[b'x'; 300]]).await), Tripped::Line(200));
}

#[tokio::test]
async fn nesting_is_stopped_also_behind_quotes_and_literals() {
    for answer in [
        "* 1 FETCH (BODYSTRUCTURE ((((((((((((\r\n".to_owned(),
        "* 1 FETCH (X \"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\"a)\" (\r\n".to_owned(),
        "* 1 FETCH (((((( {2}\r\nab ((((((\r\n".to_owned(),
    ] {
        assert_eq!(tripped(through(&[answer.as_bytes()]).await), Tripped::Nesting(10), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_stopped() {
    let line = b"* 1 EXISTS\r\n".repeat(200);
    assert_eq!(tripped(through(&[&line]).await), Tripped::Command(2000));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drips_is_stopped_and_a_slow_one_is_not() {
    for (bytes, wanted) in [(10, Some(Tripped::Slow(64))), (1000, None)] {
        let (mut server, client) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            for _ in 0..100 {
                server.write_all(&vec![b'\n'; bytes]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let mut out = Vec::new();
        let limits = GuardLimits { command: u64::MAX, ..limits() };
        let result = Guard::new(client, limits).read_to_end(&mut out).await.map(|_| out);
        assert_eq!(result.err().map(|error| tripped(Err(error))), wanted, "{bytes} bytes a second");
    }
}

#[tokio::test]
async fn a_line_end_behind_a_literal_and_doubled_parentheses_are_dominos_and_left_out() {
    let domino = b"* 1 FETCH ((UID 7 BODY[] {1}\r\na\r\n))\r\n* 2 FETCH (UID 8 FLAGS (\\Seen))\r\n";
    let wanted = b"* 1 FETCH (UID 7 BODY[] {1}\r\na)\r\n* 2 FETCH (UID 8 FLAGS (\\Seen))\r\n";
    assert_eq!(String::from_utf8(through(&[domino]).await.unwrap()).unwrap(), String::from_utf8_lossy(wanted));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_wait() {
    let (_server, client) = tokio::io::duplex(64);
    let mut out = Vec::new();
    let result = Guard::new(client, limits()).read_to_end(&mut out).await.map(|_| out);
    assert_eq!(tripped(result), Tripped::Silence);
}
