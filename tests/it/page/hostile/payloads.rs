//! The table of what strangers write, `payloads.txt`, made ready for one run.

use std::collections::HashSet;

use crate::support::canary::Canary;

const TABLE: &str = include_str!("payloads.txt");

/// What a page shows of one line; see `shown.rs`.
const LONGEST: usize = 300;

pub struct Payload {
    /// Its place in the table, by which its marks tell it from the others.
    pub number: usize,
    pub text: String,
}

impl Payload {
    /// Without what cannot stand in a line of a header, or in the name of a folder.
    pub fn without_controls(&self) -> String {
        self.text.chars().filter(|c| !c.is_control()).collect()
    }
}

/// All of them.
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
    assert_eq!(distinct.len(), payloads.len(), "no line stands in the table twice");
    payloads
}

/// `{U+202E}` is the character of that number.
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

/// What of a text can be seen, whatever becomes of spaces, and of signs that turn or hide what is around them.
pub fn seen(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || c.is_alphanumeric()).collect()
}

/// A file name as far as it is one: its last part, without what Windows or a shell takes for something else.
pub fn file_name(text: &str) -> String {
    let last = text.split(['/', '\\']).rfind(|part| !part.trim().is_empty()).unwrap_or_default();
    let name: String = last.chars().map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    seen(name.trim_matches('.'))
}
