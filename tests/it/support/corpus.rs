//! Messages for the tests that bytes are preserved: a few that are generated here, and every file below the folder that the
//! environment variable MAILFERRY_CORPUS names.

use std::fs;

use super::files;

#[derive(Clone, Debug)]
pub struct Sample {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Small messages, each of which has broken some mail program.
pub fn generated() -> Vec<Sample> {
    let header = "From: a@example.se\r\nTo: jobb@lillestad.se\r\nSubject: prov\r\nMessage-ID: <prov@example.se>\r\n";
    let with_body = |body: &[u8]| [header.as_bytes(), b"\r\n", body].concat();
    let long_line = [&[b'x'; 5_000][..], b"\r\n"].concat();
    let samples: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("one octet", b"x".to_vec()),
        ("header without an empty line", header.as_bytes().to_vec()),
        ("header cut in the middle", b"From: a@example.se\r\nSubj".to_vec()),
        ("bare LF", header.replace("\r\n", "\n").into_bytes()),
        ("bare LF in the body", with_body(b"one\ntwo\r\nthree\n")),
        ("lone CR", with_body(b"one\rtwo\r\n\rthree\r")),
        ("NUL", with_body(b"before\0after\r\n\0\r\n")),
        (
            "8-bit headers",
            [b"Subject: \xc4rende \xe5\xe4\xf6 \xff\xfe\r\n", header.as_bytes(), b"\r\nhej\r\n"].concat(),
        ),
        ("8-bit body", with_body(&(0..=255).collect::<Vec<u8>>())),
        ("no Message-ID", b"From: a@example.se\r\nSubject: utan id\r\n\r\nhej\r\n".to_vec()),
        ("no headers", b"\r\nonly a body\r\n".to_vec()),
        ("not a mail at all", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ("a line of 5,000 octets", with_body(&long_line)),
        ("a header of 5,000 octets", [b"X-Long: ", &long_line[..], header.as_bytes(), b"\r\n"].concat()),
        ("what looks like IMAP", with_body(b")\r\nA1 OK FETCH done\r\n* BYE\r\n* 2 FETCH (BODY[] {5}\r\n")),
        ("dots", with_body(b".\r\n..\r\n.x\r\n")),
        ("no line end at the end", with_body(b"hej")),
        ("exactly 1 MiB", vec![b'a'; 1 << 20]),
        ("1 MiB and one octet", vec![b'b'; (1 << 20) + 1]),
        ("30 MB", with_body(&thirty_megabytes())),
    ];
    samples.into_iter().map(|(name, bytes)| Sample { name: name.to_owned(), bytes }).collect()
}

/// Lines that differ, so that a chunk that is lost, duplicated or misplaced is noticed.
fn thirty_megabytes() -> Vec<u8> {
    let line = |number: u32| format!("{number:08} the quick brown fox jumps over the lazy dog\r\n").into_bytes();
    (0..30_000_000 / 54).flat_map(line).collect()
}

/// The files below MAILFERRY_CORPUS; none, with a message, if that variable is not set.
pub fn from_environment() -> Vec<Sample> {
    let files = files::from_environment("MAILFERRY_CORPUS", "messages");
    files.into_iter().map(|(name, path)| Sample { name, bytes: fs::read(path).unwrap() }).collect()
}
