//! Tests that every fact has a text in every language, and reads back as it was stored.

mod all;

use super::*;
use crate::clock::Timestamp;
use all::*;

/// Checks that the fact has a text in each language, and that the text has all its arguments.
fn check(fact: &impl Fact, what: &str) {
    for language in Language::ALL {
        for words in [fact.words(language), fact.on_page(language)] {
            assert!(!words.is_empty() && words != fact.text().name, "{what} has no text in {language:?}");
            assert!(!words.contains("{$") && !words.contains("{ $"), "{what} in {language:?}: {words}");
        }
    }
    assert!(locale::has(fact.text().name), "{what}");
}

#[test]
fn a_finding_is_worded_in_the_readers_language_on_a_page_and_in_english_in_the_api() {
    let folder = |messages| CheckFinding::Folder { folder: "INBOX".to_owned(), messages };
    let opens = CheckFinding::FolderOpened { folder: "INBOX".to_owned(), messages: 7, has_uidvalidity: true };
    let addresses =
        CheckFinding::Addresses { host: "imap.l.se".to_owned(), addresses: "192.0.2.1, 192.0.2.2".to_owned() };
    let expiry = Some((Timestamp(1_800_000_000_000), 1));
    let protected =
        CheckFinding::Tls { starttls: false, subject: "CN=l.se".to_owned(), expiry, fingerprint: "ab".to_owned() };
    let left = CheckFinding::AfterImport { action: "leave".to_owned(), method: EffectMethod::Untouched };
    for (found, english, swedish) in [
        (addresses, "imap.l.se resolves to 192.0.2.1, 192.0.2.2", "imap.l.se är 192.0.2.1, 192.0.2.2"),
        (CheckFinding::PortAnswers { port: 993 }, "port 993 answers", "Port 993 svarar."),
        (CheckFinding::LoggedIn { username: name() }, "as jobb@l.se", "som jobb@l.se"),
        (folder(Some(7)), "INBOX: 7 messages", "INBOX: 7 mejl"),
        (folder(None), "INBOX: an unknown number of messages", "INBOX: okänt antal mejl"),
        (CheckFinding::MoreFolders { count: 3 }, "and 3 more folders", "och 3 mappar till"),
        (opens, "INBOX opens read-only, 7 messages", "INBOX öppnas skrivskyddad, 7 mejl"),
        (
            protected,
            "TLS from the start; certificate of CN=l.se, valid until 2027-01-15T08:00:00Z, only 1 day left; SHA-256 ab",
            "TLS från början; certifikat för CN=l.se, giltigt till 2027-01-15T08:00:00Z, bara 1 dag kvar; SHA-256 ab",
        ),
        (
            left,
            "leave: the folder is opened read-only and nothing in it is ever changed",
            "Vi ändrar aldrig något i postlådan: mappen öppnas skrivskyddad, så servern själv hindrar oss.",
        ),
    ] {
        assert_eq!(found.words(Language::English), english);
        assert_eq!(found.on_page(Language::Swedish), swedish);
    }
}

/// Checks that each fact reads back as it was stored.
fn check_stored<T>(all: &[T])
where
    T: Fact + serde::Serialize + serde::de::DeserializeOwned + Clone + PartialEq + std::fmt::Debug,
{
    for fact in all {
        assert_eq!(StoredFact::read(to_json(fact)), StoredFact::Known(fact.clone()));
    }
}

#[test]
fn stored_facts_read_back_and_sentences_of_earlier_versions_are_shown_unchanged() {
    check_stored(&reasons());
    check_stored(&obstacles());
    check_stored(&notices());
    check_stored(&delivery_problems());
    let earlier = StoredFact::<Reason>::read("too hot: 5 degrees".to_owned());
    assert_eq!(earlier.words(Language::Swedish), "too hot: 5 degrees");
    assert_eq!(earlier.on_page(Language::Swedish), "too hot: 5 degrees");
    let earlier = StoredFact::<Vec<Notice>>::read("one\ntwo".to_owned());
    assert_eq!(earlier.each(|notice| notice.words(Language::Swedish)), ["one", "two"]);
    assert_eq!(StoredFact::<Vec<Notice>>::read(String::new()).each(|notice| notice.words(Language::English)), [""; 0]);
}

#[test]
fn a_page_gives_a_reason_in_fewer_words_than_a_terminal_and_the_api() {
    let (swedish, english) = (Language::Swedish, Language::English);
    let large = Reason::TooLarge { size: 5, limit: 4 };
    assert_eq!(large.words(english), "too large: 5 bytes, the limit is 4; it stays in the customer's mailbox");
    assert_eq!(large.on_page(english), "too large; it stays with the customer");
    assert_eq!(large.on_page(swedish), "för stort; det finns kvar hos kunden");
    let often = Reason::TooManyAttempts { why: FetchFailure::NoBody, times: 5 };
    let text = "the server answers without a body (5 attempts); it stays in the customer's mailbox";
    assert_eq!(often.words(english), text);
    assert_eq!(often.on_page(swedish), "servern lämnade inte ut det");
}

#[test]
fn every_fact_has_a_text_in_every_language() {
    fetch_failures().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    reasons().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    obstacles().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    effect_methods().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    check_findings().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    tls_problems().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    notices().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    delivery_problems().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    resources().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    conflicts().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    revocation_outcomes().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    invalid().iter().for_each(|fact| check(fact, &format!("{fact:?}")));
    MailboxPart::ALL.iter().for_each(|fact| check(fact, &format!("{fact:?}")));
}

#[test]
fn a_backlog_is_told_without_a_time_in_minutes_or_in_hours() {
    for (minutes_left, english, swedish) in [
        (None, "", ""),
        (Some(1), ", about one minute left", ", ungefär en minut kvar"),
        (Some(12), ", about 12 minutes left", ", ungefär 12 minuter kvar"),
        (Some(120), ", about 120 minutes left", ", ungefär 120 minuter kvar"),
        (Some(121), ", about 2 hours left", ", ungefär 2 timmar kvar"),
    ] {
        let delivered = CatchUp { done: 412, total: 9300, minutes_left };
        assert_eq!(delivered.words(Language::English), format!("412 of 9300 delivered{english}"));
        assert_eq!(delivered.on_page(Language::Swedish), format!("412 av 9300 levererade{swedish}"));
        let imported = Backlog { done: 412, total: 9300, minutes_left };
        assert_eq!(imported.words(Language::English), format!("412 of 9300 imported{english}"));
        assert_eq!(imported.on_page(Language::Swedish), format!("412 av 9300 importerade{swedish}"));
    }
}

#[test]
fn every_audit_event_has_a_text_and_reads_back_as_it_was_stored() {
    let consent = RevocationOutcome::Ended { provider: name(), identity: name() };
    let all = [
        (AuditEvent::MailboxAdded, ""),
        (AuditEvent::MailboxChanged { parts: vec![MailboxPart::Start, MailboxPart::Server] }, "the start, the server"),
        (AuditEvent::MailboxStarted, ""),
        (AuditEvent::MailboxPaused, ""),
        (AuditEvent::MailboxResumed, ""),
        (AuditEvent::MailboxRemoved { consent: None }, ""),
        (
            AuditEvent::MailboxRemoved { consent: Some(consent.clone()) },
            "jobb@l.se has ended the consent of jobb@l.se.",
        ),
        (AuditEvent::CredentialsChanged { parts: Vec::new() }, ""),
        (AuditEvent::ConsentAsked { identity: name() }, "jobb@l.se"),
        (AuditEvent::ConsentGiven { identity: name() }, "jobb@l.se"),
        (AuditEvent::ConsentGivenUp { consent }, "jobb@l.se has ended the consent of jobb@l.se."),
        (AuditEvent::LinkMade, ""),
        (AuditEvent::LedgerRetried { folder: None, uid: None }, ""),
        (AuditEvent::LedgerRetried { folder: None, uid: Some(7) }, "UID 7"),
        (AuditEvent::LedgerRetried { folder: Some("A".into()), uid: Some(7) }, "A UID 7"),
        (AuditEvent::LedgerSkipped { folder: "A".into(), uid: 7 }, "A UID 7"),
        (AuditEvent::TestBegun { code: "TEST2".into() }, "TEST2"),
        (AuditEvent::InboxAdded, ""),
        (AuditEvent::InboxChanged, ""),
        (AuditEvent::InboxRemoved { with_messages: false }, ""),
        (AuditEvent::InboxRemoved { with_messages: true }, "with its messages"),
        (AuditEvent::TargetAdded { url: name() }, "jobb@l.se"),
        (AuditEvent::TargetChanged { url: name(), secret: false }, "jobb@l.se"),
        (AuditEvent::TargetChanged { url: name(), secret: true }, "jobb@l.se, with a new secret"),
        (AuditEvent::TargetPaused { url: name() }, "jobb@l.se"),
        (AuditEvent::TargetResumed { url: name() }, "jobb@l.se"),
        (AuditEvent::TargetRemoved { url: name() }, "jobb@l.se"),
        (AuditEvent::DeliveryRetried { message: 7 }, "7"),
        (AuditEvent::DeliveryMoved { message: 7, url: name() }, "7 -> jobb@l.se"),
        (AuditEvent::DeliveryDropped { message: 7 }, "7"),
        (AuditEvent::HeldRetried { count: 7 }, "7"),
        (AuditEvent::HeldDropped { count: 7 }, "7"),
        (AuditEvent::RouteAdded { recipient: name() }, "jobb@l.se"),
        (AuditEvent::RouteRemoved { recipient: name() }, "jobb@l.se"),
        (AuditEvent::PersonAdded, ""),
        (AuditEvent::PersonJoined { invited_by: "anna".into() }, "anna"),
        (AuditEvent::PersonInvited, ""),
        (AuditEvent::InvitationRevoked, ""),
        (AuditEvent::PersonRemoved { tokens: 0 }, ""),
        (AuditEvent::PersonRemoved { tokens: 2 }, "tokens revoked: 2"),
        (AuditEvent::PasswordChanged, ""),
        (AuditEvent::TokenCreated { scope: "read".into() }, "read"),
        (AuditEvent::TokenRevoked { made: Vec::new(), made_revoked: true }, ""),
        (
            AuditEvent::TokenRevoked { made: vec!["a".into(), "b".into()], made_revoked: true },
            "tokens created with it, revoked too: a, b",
        ),
        (
            AuditEvent::TokenRevoked { made: vec!["a".into()], made_revoked: false },
            "tokens created with it, still valid: a",
        ),
        (AuditEvent::OrganisationAdded, ""),
        (AuditEvent::KeyRotated { count: 7 }, "7"),
        (AuditEvent::SecretsForgotten { count: 7 }, "7"),
    ];
    let mut ids: Vec<&str> = all.iter().map(|(event, _)| event.id()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 40, "every kind of event is in this table");
    for (event, detail) in all {
        let text = format!("audit-{}", event.id());
        assert!(locale::has(&text), "{text}");
        assert_eq!(event.detail(Language::English), detail, "{event:?}");
        assert_eq!(event.detail(Language::Swedish).is_empty(), detail.is_empty(), "{event:?}");
        let stored = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<AuditEvent>(&stored).unwrap(), event, "{stored}");
    }
}
