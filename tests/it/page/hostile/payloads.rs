//! Reads the table of payloads, `payloads.txt`, and replaces its placeholders by scripts and URLs that contain the number of
//! their payload.

use std::collections::HashSet;

use crate::support::canary::Canary;

const TABLE: &str = include_str!("payloads.txt");

/// The length at which a page cuts a text that it shows in one line; see `src/shown.rs`.
const LONGEST: usize = 300;

pub struct Payload {
    /// The payload's position in the table, counted from 1. Its script and its URL contain this number.
    pub number: usize,
    pub text: String,
}

impl Payload {
    /// The payload without characters that a header line or a folder's name cannot contain.
    pub fn without_controls(&self) -> String {
        self.text.chars().filter(|c| !c.is_control()).collect()
    }
}

/// All payloads.
pub fn payloads(canary: &Canary) -> Vec<Payload> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let made = |(number, line): (usize, &str)| {
        let text = unescaped(line)
            .replace("{X}", &format!("alert(document.title=__xss={number})"))
            .replace("{C}", &format!("{}/{number}", canary.authority()));
        assert!(text.chars().count() < LONGEST, "{text} would be cut");
        Payload { number, text }
    };
    let payloads: Vec<Payload> = (1..).zip(lines.clone()).map(made).collect();
    let distinct: HashSet<&str> = lines.collect();
    assert_eq!(distinct.len(), payloads.len(), "the lines of the table are unique");
    payloads
}

/// Replaces `{U+202E}` by the character with that code point.
fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{U+") {
        let (number, after) = after.split_once('}').unwrap();
        text.push_str(before);
        text.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        rest = after;
    }
    text + rest
}

/// The visible characters of a text, without spaces and without characters that reorder or hide text.
pub fn visible_characters(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || c.is_alphanumeric()).collect()
}

/// The file name that a page offers: the last component of the text, with `_` for characters that are special to
/// Windows or a shell.
pub fn file_name(text: &str) -> String {
    let last = text.split(['/', '\\']).rfind(|part| !part.trim().is_empty()).unwrap_or_default();
    let name: String = last.chars().map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    visible_characters(name.trim_matches('.'))
}
