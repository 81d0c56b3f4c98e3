//! Checks the tables in `tests/transcripts/README.md` against the files.

use std::collections::BTreeSet;

use crate::support::scripted::{transcript, transcript_names};

#[test]
fn the_table_and_the_transcripts_match() {
    let readme = transcript("README.md");
    let named: BTreeSet<&str> = readme.split(['`', '|', ' ', '\n']).filter(|word| word.ends_with(".imap")).collect();
    let there = transcript_names();
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    assert_eq!(named, there);
}

#[test]
fn every_transcript_begins_with_its_subject() {
    for name in transcript_names() {
        let text = transcript(&name);
        let first = text.lines().next().unwrap_or_default();
        let has_row = ["reference row", "threat "].iter().any(|word| first.contains(word));
        assert!(first.starts_with("# ") && has_row, "{name}: {first}");
    }
}
