//! The language of a dialogue, one directive per line:
//!
//! ```text
//! # a comment
//! S: * OK ready           the server sends this line; TAG is replaced by the tag of the last command
//! S-RAW: * 1 FE           the server sends exactly this, with \r, \n, \0, \e and \\ as escapes
//! C: TAG LOGIN *          the client must send this; * matches anything, case is ignored
//! WHEN: TAG NOOP          the lines up to the next empty one are sent whenever this command arrives
//! ORDINARY                everything else is answered as an ordinary server would
//! OMIT 2 OK done          an ordinary answer to the last command, but without UID 2 and with this tagged line
//! STARTTLS                the connection changes to TLS
//! DELAY 100               the server waits for this number of milliseconds
//! DRIP 10 100             from here on the server sends this many octets at a time, with this many milliseconds between
//! FLOOD * OK wait         the server sends this line repeatedly until the client disconnects
//! CUT                     the server closes the connection
//! INCLUDE: plain.imap     the lines of another file in tests/transcripts
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Debug, Default)]
pub struct Dialogue {
    pub steps: Vec<Step>,
    /// The WHEN answers. If two patterns match, the later one is used, so that a dialogue can refine what it includes.
    pub when_answers: Vec<(String, Vec<Step>)>,
    pub is_ordinary: bool,
}

#[derive(Debug)]
pub enum Step {
    Say(Vec<u8>),
    Expect(String),
    Omit(usize, String),
    StartTls,
    Delay(u64),
    Drip(usize, u64),
    Flood(String),
    Cut,
}

impl Dialogue {
    pub fn parse(text: &str) -> Self {
        let mut dialogue = Self::default();
        dialogue.read(text);
        dialogue
    }

    fn read(&mut self, text: &str) {
        let mut in_when = false;
        for line in text.lines().map(str::trim_start) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let step = match word {
                "" => {
                    in_when = false;
                    continue;
                }
                "INCLUDE:" => {
                    self.read(&transcript(rest));
                    continue;
                }
                "WHEN:" => {
                    self.when_answers.push((rest.to_owned(), Vec::new()));
                    in_when = true;
                    continue;
                }
                "ORDINARY" => {
                    self.is_ordinary = true;
                    continue;
                }
                comment if comment.starts_with('#') => continue,
                "S:" => Step::Say(format!("{rest}\r\n").into_bytes()),
                "S-RAW:" => Step::Say(unescape(rest)),
                "C:" => Step::Expect(rest.to_owned()),
                "OMIT" => {
                    let (uid, end) = rest.split_once(' ').unwrap();
                    Step::Omit(uid.parse().unwrap(), end.to_owned())
                }
                "STARTTLS" => Step::StartTls,
                "DELAY" => Step::Delay(rest.parse().unwrap()),
                "DRIP" => {
                    let (octets, milliseconds) = rest.split_once(' ').unwrap();
                    Step::Drip(octets.parse().unwrap(), milliseconds.parse().unwrap())
                }
                "FLOOD" => Step::Flood(format!("{rest}\r\n")),
                "CUT" => Step::Cut,
                _ => panic!("a dialogue has no directive {line:?}"),
            };
            match self.when_answers.last_mut() {
                Some((_, steps)) if in_when => steps.push(step),
                _ => self.steps.push(step),
            }
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// The file names of the dialogues in `tests/transcripts`.
pub fn transcript_names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".imap")).collect()
}

/// The text of a file in `tests/transcripts`.
pub fn transcript(name: &str) -> String {
    let file = folder().join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        let char = match char {
            '\\' => match chars.next() {
                Some('r') => '\r',
                Some('n') => '\n',
                Some('0') => '\0',
                Some('e') => '\u{1b}',
                Some('\\') => '\\',
                other => panic!("a dialogue has no escape {other:?}"),
            },
            other => other,
        };
        bytes.extend(char.encode_utf8(&mut [0; 4]).bytes());
    }
    bytes
}

/// Whether a line matches a pattern in which `*` stands for anything.
pub fn matches_pattern(pattern: &str, line: &str) -> bool {
    let (pattern, line) = (pattern.to_ascii_lowercase(), line.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
