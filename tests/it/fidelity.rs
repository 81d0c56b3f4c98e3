//! Every message is stored with exactly the bytes that the server has.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{
    corpus::{self, Sample},
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text},
    mailferry::{Database, Mailferry},
    scripted::Scripted,
    sha256,
};

fn samples() -> Vec<Sample> {
    [corpus::generated(), corpus::from_environment()].concat()
}

/// Polls a mailbox that holds these messages, and compares each by its UID.
fn assert_stored_unchanged(mailferry: &Mailferry, expected: &BTreeMap<u64, Sample>) {
    let line = mailferry.poll().remove(0);
    assert!(line["error"].is_null(), "{line}");
    assert_eq!(line["imported"], expected.len(), "{line}");

    let messages: BTreeMap<u64, Value> =
        mailferry.messages().into_iter().map(|message| (message["uid"].as_u64().unwrap(), message)).collect();
    assert_eq!(messages.len(), expected.len());
    let mut changed = Vec::new();
    for (uid, sample) in expected {
        let message = &messages[uid];
        let raw = mailferry.raw(message);
        let wanted = sha256::hex(&sample.bytes);
        if text(message, "sha256") != wanted || sha256::hex(&raw) != wanted || message["size"] != sample.bytes.len() {
            changed.push(format!("{}: {} octets in, {} out, {message}", sample.name, sample.bytes.len(), raw.len()));
        }
    }
    assert!(changed.is_empty(), "changed on the way:\n{}", changed.join("\n"));
    assert_eq!(mailferry.poll_ok(), 0);
}

/// Imports from a scripted server. Real servers change bare line ends and NUL; this one does not, so any change is ours.
fn import_from_byte_exact_server(database: Database) {
    let expected: BTreeMap<u64, Sample> = (1..).zip(samples()).collect();
    let bytes = expected.values().map(|sample| sample.bytes.clone()).collect();
    let server = Scripted::with_messages(&["S: * OK ready\nORDINARY"], bytes);
    let mailferry = Mailferry::with_database(database);
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    assert_stored_unchanged(&mailferry, &expected);
    server.finish();
}

#[test]
fn mail_is_stored_byte_for_byte_on_sqlite() {
    import_from_byte_exact_server(Database::Sqlite);
}

#[test]
fn mail_is_stored_byte_for_byte_on_postgres() {
    import_from_byte_exact_server(Database::Postgres);
}

/// Whether Dovecot serves these bytes unchanged: it writes every line end as CRLF and cannot send NUL.
fn is_served_unchanged(bytes: &[u8]) -> bool {
    let has_bare_lf = bytes.iter().enumerate().any(|(at, byte)| *byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r'));
    !has_bare_lf && !bytes.contains(&0)
}

#[test]
fn mail_from_dovecot_is_stored_byte_for_byte() {
    let server = Dovecot::start(&[JOBB]);
    let samples = samples();
    for (number, sample) in samples.iter().enumerate() {
        server.deliver(JOBB, "INBOX", &format!("{number:06}"), &sample.bytes);
    }
    let mut customer = server.client(JOBB);
    customer.examine("INBOX");
    let uids = customer.search("ALL");
    assert_eq!(uids.len(), samples.len());
    // An independent client gets the same bytes.
    let mut expected = BTreeMap::new();
    for (uid, sample) in uids.into_iter().zip(&samples) {
        let bytes = customer.fetch(uid);
        if is_served_unchanged(&sample.bytes) {
            assert_eq!(sha256::hex(&bytes), sha256::hex(&sample.bytes), "Dovecot keeps {}", sample.name);
        }
        expected.insert(u64::from(uid), Sample { name: sample.name.clone(), bytes });
    }
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), &["--start", "all"]);
    assert_stored_unchanged(&mailferry, &expected);
}
