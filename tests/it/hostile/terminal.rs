//! No command prints text from strangers to a terminal unescaped.

use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    mailferry::Mailferry,
    scripted::Scripted,
};

/// Characters that a terminal interprets or hides: an escape, a C1 control, characters that reorder or hide text, and line ends.
const HOSTILE_CHARACTERS: [char; 12] = [
    '\u{1b}', '\u{9b}', '\u{9d}', '\u{7}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{200b}', '\u{200e}', '\u{200f}',
    '\u{feff}', '\u{2028}',
];

fn control_characters() -> String {
    format!("a{}[31mb", HOSTILE_CHARACTERS.iter().collect::<String>())
}

/// An encoded word (RFC 2047) of this text.
fn word(text: &str) -> String {
    let bytes: String = text.bytes().map(|byte| format!("={byte:02X}")).collect();
    format!("=?utf-8?Q?{bytes}?=")
}

fn message() -> Vec<u8> {
    let (subject, from) = (word(&format!("{}\nmailferry: forged", control_characters())), word(&control_characters()));
    format!(
        "From: {from} <anna@example.se>\r\nTo: {JOBB}\r\nSubject: {subject}\r\nMessage-ID: <{}@b>\r\n\r\nhej\r\n",
        control_characters()
    )
    .into()
}

/// Runs a command, and checks that it prints something, but none of `HOSTILE_CHARACTERS`.
fn assert_clean(mailferry: &Mailferry, args: &[&str]) -> String {
    let output = mailferry.run(args);
    let all = output.all();
    assert!(!all.is_empty(), "{args:?}");
    for c in HOSTILE_CHARACTERS {
        assert!(!all.contains(c), "{args:?} printed {c:?}: {all:?}");
    }
    assert!(!all.lines().any(|line| line.starts_with("mailferry: forged")), "{args:?}: {all:?}");
    output.text()
}

#[test]
fn no_command_prints_terminal_control_sequences() {
    // A folder whose name holds U+202E, U+009B and ESC, in modified UTF-7 (RFC 3501 5.1.3).
    let dialogue = "S: * OK ready\nORDINARY\n\nWHEN: TAG LIST *\nS: * LIST () \"/\" \"INBOX\"\nS: * LIST () \"/\" \"a&IC4AmwAb-b\"\n\
                    S: TAG OK done";
    let server = Scripted::with_messages(&[dialogue], vec![message()]);
    let mut mailferry = Mailferry::new();
    mailferry.env("RUST_LOG", "debug");
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    let commands: [&[&str]; 9] = [
        &["mailbox", "dry-run", JOBB],
        &["mailbox", "folders", JOBB],
        &["mailbox", "effects", JOBB],
        &["mailbox", "check", JOBB],
        &["poll"],
        &["message", "list"],
        &["ledger"],
        &["mailbox", "show", JOBB],
        &["mailbox", "list"],
    ];
    for args in commands {
        assert_clean(&mailferry, args);
        let json = assert_clean(&mailferry, &[&["--json"], args].concat());
        for line in json.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{args:?} {error}: {line}"));
        }
    }
    // JSON contains everything that was stored; control characters are removed from a subject when it is parsed.
    let subject = text(&mailferry.messages()[0], "subject").to_owned();
    assert!(HOSTILE_CHARACTERS.iter().filter(|c| !c.is_control()).all(|c| subject.contains(*c)), "{subject:?}");
    server.sessions();
}

#[test]
fn no_command_prints_a_servers_text_without_escaping() {
    let dialogue = format!(
        "S: * OK ready\nORDINARY\n\nWHEN: TAG LOGIN *\nS: TAG NO {} so not",
        control_characters().replace('\u{2028}', "")
    );
    let server = Scripted::start(&[&dialogue]);
    let mut mailferry = Mailferry::new();
    mailferry.env("RUST_LOG", "debug");
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    let commands: [&[&str]; 7] = [
        &["poll"],
        &["mailbox", "check", JOBB],
        &["mailbox", "folders", JOBB],
        &["mailbox", "dry-run", JOBB],
        &["mailbox", "verify", JOBB],
        &["mailbox", "show", JOBB],
        &["mailbox", "list"],
    ];
    for args in commands {
        for all in [args.to_vec(), [&["--json"], args].concat(), [&["--log-format", "json"], args].concat()] {
            let printed = assert_clean(&mailferry, &all);
            assert!(!printed.contains("[31mb so not\n\n"), "{all:?}");
        }
    }
    server.sessions();
}
