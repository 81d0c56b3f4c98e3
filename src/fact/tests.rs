//! Every fact has its words in every language.

mod all;

use super::*;
use crate::clock::Timestamp;
use all::*;

/// Words that are those of the text itself, with all that it is about.
fn check(fact: &impl Fact, what: &str) {
    for language in Language::ALL {
        for words in [fact.words(language), fact.on_page(language)] {
            assert!(!words.is_empty() && words != fact.text().name, "{what} has no words in {language:?}");
            assert!(!words.contains("{$") && !words.contains("{ $"), "{what} in {language:?}: {words}");
        }
    }
    assert!(locale::has(fact.text().name), "{what}");
}

#[test]
fn a_check_is_told_on_a_page_in_the_readers_language_and_to_the_api_in_english() {
    let folder = |messages| Found::Folder { folder: "INBOX".to_owned(), messages };
    let opens = Found::Opens { folder: "INBOX".to_owned(), messages: 7, has_uidvalidity: true };
    let addresses = Found::Addresses { host: "imap.l.se".to_owned(), addresses: "192.0.2.1, 192.0.2.2".to_owned() };
    let end = Some((Timestamp(1_800_000_000_000), 1));
    let protected =
        Found::Protected { starttls: false, subject: "CN=l.se".to_owned(), end, fingerprint: "ab".to_owned() };
    let left = Found::Copy { wish: "leave".to_owned(), way: Way::LeftAlone };
    for (found, english, swedish) in [
        (addresses, "imap.l.se resolves to 192.0.2.1, 192.0.2.2", "imap.l.se är 192.0.2.1, 192.0.2.2"),
        (Found::PortAnswers { port: 993 }, "port 993 answers", "Port 993 svarar."),
        (Found::LoggedIn { username: name() }, "as jobb@l.se", "som jobb@l.se"),
        (folder(Some(7)), "INBOX: 7 messages", "INBOX: 7 mejl"),
        (folder(None), "INBOX: an unknown number of messages", "INBOX: okänt antal mejl"),
        (Found::MoreFolders { count: 3 }, "and 3 more folders", "och 3 mappar till"),
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

/// It reads back as it was written.
fn check_kept<T>(all: &[T])
where
    T: Fact + serde::Serialize + serde::de::DeserializeOwned + Clone + PartialEq + std::fmt::Debug,
{
    for fact in all {
        assert_eq!(Kept::read(to_json(fact)), Kept::Known(fact.clone()));
    }
}

#[test]
fn what_is_kept_reads_back_and_words_of_earlier_versions_stay_as_they_stand() {
    check_kept(&reasons());
    check_kept(&obstacles());
    check_kept(&notices());
    let earlier = Kept::<Reason>::read("too hot: 5 degrees".to_owned());
    assert_eq!(earlier.words(Language::Swedish), "too hot: 5 degrees");
    assert_eq!(earlier.on_page(Language::Swedish), "too hot: 5 degrees");
    let earlier = Kept::<Vec<Notice>>::read("one\ntwo".to_owned());
    assert_eq!(earlier.each(|notice| notice.words(Language::Swedish)), ["one", "two"]);
    assert_eq!(Kept::<Vec<Notice>>::read(String::new()).each(|notice| notice.words(Language::English)), [""; 0]);
}

#[test]
fn a_page_tells_why_in_fewer_words_than_a_terminal_and_the_api() {
    let (swedish, english) = (Language::Swedish, Language::English);
    let large = Reason::TooLarge { size: 5, limit: 4 };
    assert_eq!(large.words(english), "too large: 5 bytes, the limit is 4; it stays in the customer's mailbox");
    assert_eq!(large.on_page(english), "too large; it stays with the customer");
    assert_eq!(large.on_page(swedish), "för stort; det finns kvar hos kunden");
    let often = Reason::AskedOften { why: Missing::NoBody, times: 5 };
    let told = "the server answers without a body (5 attempts); it stays in the customer's mailbox";
    assert_eq!(often.words(english), told);
    assert_eq!(often.on_page(swedish), "servern lämnade inte ut det");
}

#[test]
fn every_fact_has_its_words_in_every_language() {
    missing().iter().for_each(|one| check(one, &format!("{one:?}")));
    reasons().iter().for_each(|one| check(one, &format!("{one:?}")));
    obstacles().iter().for_each(|one| check(one, &format!("{one:?}")));
    ways().iter().for_each(|one| check(one, &format!("{one:?}")));
    found().iter().for_each(|one| check(one, &format!("{one:?}")));
    tls_problems().iter().for_each(|one| check(one, &format!("{one:?}")));
    notices().iter().for_each(|one| check(one, &format!("{one:?}")));
    things().iter().for_each(|one| check(one, &format!("{one:?}")));
    conflicts().iter().for_each(|one| check(one, &format!("{one:?}")));
    given_up().iter().for_each(|one| check(one, &format!("{one:?}")));
    invalid().iter().for_each(|one| check(one, &format!("{one:?}")));
    Part::ALL.iter().for_each(|one| check(one, &format!("{one:?}")));
}

#[test]
fn every_change_has_its_sentence_and_reads_back_as_it_was_written() {
    let consent = GivenUp::Ended { provider: name(), identity: name() };
    let all = [
        (Done::MailboxAdded, ""),
        (Done::MailboxChanged { parts: vec![Part::Start, Part::Server] }, "the start, the server"),
        (Done::MailboxStarted, ""),
        (Done::MailboxPaused, ""),
        (Done::MailboxResumed, ""),
        (Done::MailboxRemoved { consent: None }, ""),
        (Done::MailboxRemoved { consent: Some(consent.clone()) }, "jobb@l.se has ended the consent of jobb@l.se."),
        (Done::CredentialsChanged { parts: Vec::new() }, ""),
        (Done::ConsentAsked { identity: name() }, "jobb@l.se"),
        (Done::ConsentGiven { identity: name() }, "jobb@l.se"),
        (Done::ConsentGivenUp { consent }, "jobb@l.se has ended the consent of jobb@l.se."),
        (Done::LinkMade, ""),
        (Done::LedgerRetried { folder: None, uid: None }, ""),
        (Done::LedgerRetried { folder: None, uid: Some(7) }, "UID 7"),
        (Done::LedgerRetried { folder: Some("A".into()), uid: Some(7) }, "A UID 7"),
        (Done::LedgerSkipped { folder: "A".into(), uid: 7 }, "A UID 7"),
        (Done::TestBegun { code: "TEST2".into() }, "TEST2"),
        (Done::InboxAdded, ""),
        (Done::InboxChanged, ""),
        (Done::InboxRemoved { with_messages: false }, ""),
        (Done::InboxRemoved { with_messages: true }, "with its messages"),
        (Done::RouteAdded { recipient: name() }, "jobb@l.se"),
        (Done::RouteRemoved { recipient: name() }, "jobb@l.se"),
        (Done::PersonAdded, ""),
        (Done::PersonJoined { invited_by: "anna".into() }, "anna"),
        (Done::PersonInvited, ""),
        (Done::InvitationRevoked, ""),
        (Done::PersonRemoved { tokens: 0 }, ""),
        (Done::PersonRemoved { tokens: 2 }, "tokens revoked: 2"),
        (Done::PasswordChanged, ""),
        (Done::TokenCreated { scope: "read".into() }, "read"),
        (Done::TokenRevoked { made: Vec::new(), made_revoked: true }, ""),
        (
            Done::TokenRevoked { made: vec!["a".into(), "b".into()], made_revoked: true },
            "tokens created with it, revoked too: a, b",
        ),
        (Done::TokenRevoked { made: vec!["a".into()], made_revoked: false }, "tokens created with it, still valid: a"),
        (Done::OrganisationAdded, ""),
        (Done::KeyRotated { count: 7 }, "7"),
        (Done::SecretsForgotten { count: 7 }, "7"),
    ];
    let mut named: Vec<&str> = all.iter().map(|(done, _)| done.id()).collect();
    named.dedup();
    assert_eq!(named.len(), 30, "each kind of change stands in this table");
    for (done, detail) in all {
        let text = format!("audit-{}", done.id());
        assert!(locale::has(&text), "{text}");
        assert_eq!(done.detail(Language::English), detail, "{done:?}");
        assert_eq!(done.detail(Language::Swedish).is_empty(), detail.is_empty(), "{done:?}");
        let stored = serde_json::to_string(&done).unwrap();
        assert_eq!(serde_json::from_str::<Done>(&stored).unwrap(), done, "{stored}");
    }
}
