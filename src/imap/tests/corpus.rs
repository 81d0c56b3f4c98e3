//! Tests that lines which real servers have sent can be read as a session reads them. The environment variable
//! MAILFERRY_RESPONSES names a folder with a list of single lines, and one folder per server with a file for each
//! answer.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::imap::guard::{Guard, GuardLimits};
use crate::imap::in_flight::InFlight;
use crate::imap::quirk;
use crate::rules::files;

/// The results for one server.
#[derive(Debug, Default)]
struct Count {
    files: usize,
    answers: usize,
    noise: usize,
    /// The files that caused an error, with the error or the unreadable answer.
    broken: Vec<String>,
}

/// The percentage of answers that could be parsed when this test was written: 2,055 of 2,323. The others are ESEARCH
/// and extensions that we never request. METADATA answers are not counted, since they are dropped on purpose.
const UNDERSTOOD_PERCENT: usize = 88;

#[tokio::test]
async fn answers_of_real_servers_are_parsed() {
    let Some(root) = std::env::var_os("MAILFERRY_RESPONSES").map(PathBuf::from) else {
        // Written to the terminal directly, since the output of passing tests is hidden.
        let _ = writeln!(std::io::stderr(), "skipped: MAILFERRY_RESPONSES is not set to a folder of server lines");
        return;
    };
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for path in files(&root, "txt") {
        let text = with_crlf(&std::fs::read(&path).unwrap());
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let folder = path.parent().unwrap().strip_prefix(&root).unwrap().display().to_string();
        // The list has lines from many servers, so each line is read as a connection of its own.
        let streams: Vec<Vec<u8>> = match folder.is_empty() {
            true => text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect(),
            false => vec![text],
        };
        let count = counts.entry(if folder.is_empty() { name.clone() } else { folder }).or_default();
        for stream in streams {
            read(&name, &stream, count).await;
        }
    }
    assert!(!counts.is_empty(), "MAILFERRY_RESPONSES has no files");
    let (mut answers, mut others) = (0, 0);
    for (server, count) in &counts {
        let Count { files, answers: read, noise, broken } = count;
        println!("{server}: {files} connections, {read} answers, {noise} lines of noise, {} errors", broken.len());
        broken.iter().for_each(|error| println!("    {error}"));
        answers += read;
        others += noise + broken.len();
    }
    println!("all: {answers} answers read, {others} lines left out or not read");
    assert!(answers * 100 >= (answers + others) * UNDERSTOOD_PERCENT, "fewer responses can be parsed than before");
}

/// Reads one connection to its end or to its first error, and counts the answers.
async fn read(name: &str, stream: &[u8], count: &mut Count) {
    let limits = GuardLimits {
        literal: 64 << 20,
        line: 1 << 20,
        search_line: 1 << 20,
        nesting: 25,
        silence: Duration::from_secs(60),
        answer: u64::MAX,
        before_login: u64::MAX,
        throughput: 0,
    };
    let (mut server, client) = tokio::io::duplex(stream.len().max(1));
    server.write_all(stream).await.unwrap();
    drop(server);
    count.files += 1;
    let mut wire = Guard::new(client, limits, InFlight::new(64 << 20, 64 << 20, 1));
    // A file that starts with a greeting is a whole session; any other is a later part of one.
    if !(stream.starts_with(b"* OK") || stream.starts_with(b"* PREAUTH") || stream.starts_with(b"* BYE")) {
        wire.skip_noise();
    }
    loop {
        let broken = match wire.answer().await {
            Ok(Some(whole)) => match quirk::read(&whole.bytes) {
                Some(_) => {
                    count.answers += 1;
                    wire.skip_noise();
                    continue;
                }
                None if whole.bytes.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"* METADATA")) => {
                    continue;
                }
                None if wire.may_drop(&whole).unwrap() => continue,
                None => String::from_utf8_lossy(&whole.bytes).into_owned(),
            },
            Ok(None) => break,
            Err(error) => error.to_string(),
        };
        count.broken.push(format!("{name}: {}", broken.chars().take(150).collect::<String>()));
        break;
    }
    count.noise += wire.noise();
}

/// The files have Unix line ends, but their literals were counted with CRLF.
fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if *byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
