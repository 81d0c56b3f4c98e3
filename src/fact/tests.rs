//! Every fact has its words in every language. Each enum lists one of each kind by a match that the compiler keeps complete.

use super::*;
use crate::cause::{Cause, Trouble};

fn name() -> String {
    "jobb@l.se".to_owned()
}

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

fn things() -> Vec<Thing> {
    let all = vec![
        Thing::Mailbox(name()),
        Thing::MailboxOfRow,
        Thing::Inbox(name()),
        Thing::Route(name()),
        Thing::Person(name()),
        Thing::Token(name()),
        Thing::Organisation(name()),
        Thing::Message(7),
        Thing::Invitation,
        Thing::Consent,
        Thing::ConsentedMailbox,
    ];
    for one in &all {
        match one {
            Thing::Mailbox(_) | Thing::MailboxOfRow | Thing::Inbox(_) | Thing::Route(_) | Thing::Person(_) => {}
            Thing::Token(_) | Thing::Organisation(_) | Thing::Message(_) | Thing::Invitation | Thing::Consent => {}
            Thing::ConsentedMailbox => {} // a new kind stands in the list above too
        }
    }
    all
}

fn conflicts() -> Vec<Conflict> {
    let into_itself = Conflict::IntoItself { target: name() };
    let perhaps = Conflict::IntoItselfPerhaps { target: name(), folder: name() };
    let to_and_fro = |wrong: &Conflict| Conflict::ToAndFro { wrong: Box::new(wrong.clone()), mailbox: name() };
    let all = vec![
        Conflict::MailboxThere(name()),
        Conflict::InboxThere(name()),
        Conflict::PersonThere(name()),
        Conflict::TokenThere(name()),
        Conflict::OrganisationThere,
        Conflict::AddressElsewhere,
        Conflict::TokenOfSeveral(name()),
        Conflict::PersonName,
        Conflict::TokenName,
        Conflict::OrganisationName,
        Conflict::RoleOutOfPlace,
        Conflict::LastOperator(name()),
        Conflict::InboxFed { inbox: name(), by: vec![name()] },
        Conflict::InboxHoldsMail { inbox: name(), messages: 7 },
        to_and_fro(&into_itself),
        to_and_fro(&perhaps),
        into_itself,
        perhaps,
        Conflict::BeingSetUp,
        Conflict::Paused,
        Conflict::Failing,
        Conflict::HeldByServer,
        Conflict::NotOpen { folder: name(), uid: 7 },
        Conflict::TestPaused,
        Conflict::TestTooSoon,
        Conflict::MailboxChanged(name()),
        Conflict::NoConsentOfApplication,
        Conflict::NoConsentOfPassword,
    ];
    for one in &all {
        match one {
            Conflict::MailboxThere(_) | Conflict::InboxThere(_) | Conflict::PersonThere(_) => {}
            Conflict::TokenThere(_) | Conflict::OrganisationThere | Conflict::AddressElsewhere => {}
            Conflict::TokenOfSeveral(_) | Conflict::PersonName | Conflict::TokenName => {}
            Conflict::OrganisationName | Conflict::RoleOutOfPlace | Conflict::LastOperator(_) => {}
            Conflict::InboxFed { .. } | Conflict::InboxHoldsMail { .. } | Conflict::IntoItself { .. } => {}
            Conflict::IntoItselfPerhaps { .. } | Conflict::ToAndFro { .. } | Conflict::BeingSetUp => {}
            Conflict::Paused | Conflict::Failing | Conflict::HeldByServer | Conflict::NotOpen { .. } => {}
            Conflict::TestPaused | Conflict::TestTooSoon | Conflict::MailboxChanged(_) => {}
            Conflict::NoConsentOfApplication | Conflict::NoConsentOfPassword => {} // a new kind stands in the list above too
        }
    }
    all
}

fn given_up() -> Vec<GivenUp> {
    let mut all = vec![
        GivenUp::Shared,
        GivenUp::OfApplication,
        GivenUp::Ended { provider: name(), identity: name() },
        GivenUp::NeverGiven { identity: name() },
    ];
    for is_microsoft in [true, false] {
        let (provider, identity, why) = (name(), name(), Trouble::new(Cause::Down).about("provider", "x"));
        all.push(GivenUp::NoWay { provider: provider.clone(), identity: identity.clone(), is_microsoft });
        all.push(GivenUp::Failed { provider: provider.clone(), identity: identity.clone(), is_microsoft });
        all.push(GivenUp::Refused { provider, identity, is_microsoft, why });
    }
    for one in &all {
        match one {
            GivenUp::Shared | GivenUp::OfApplication | GivenUp::Ended { .. } | GivenUp::NeverGiven { .. } => {}
            GivenUp::NoWay { .. } | GivenUp::Refused { .. } | GivenUp::Failed { .. } => {} // stands in the list above too
        }
    }
    all
}

fn missing() -> Vec<Missing> {
    let all = vec![
        Missing::Substitute,
        Missing::NotGiven,
        Missing::NoBody,
        Missing::EmptyBody,
        Missing::EmptyDespiteSize,
        Missing::OtherBytes,
        Missing::WrongPart { part: name() },
        Missing::Refused { words: name() },
        Missing::BrokenOff { words: name() },
        Missing::InVain { times: 2 },
        Missing::HeaderNotGiven,
        Missing::OtherMail,
        Missing::NoHeader,
        Missing::EmptyHeader,
        Missing::HeadersRefused,
    ];
    for one in &all {
        match one {
            Missing::Substitute | Missing::NotGiven | Missing::NoBody | Missing::EmptyBody => {}
            Missing::EmptyDespiteSize | Missing::OtherBytes | Missing::WrongPart { .. } | Missing::Refused { .. } => {}
            Missing::BrokenOff { .. } | Missing::InVain { .. } | Missing::HeaderNotGiven | Missing::OtherMail => {}
            Missing::NoHeader | Missing::EmptyHeader | Missing::HeadersRefused => {} // stands in the list above too
        }
    }
    all
}

fn reasons() -> Vec<Reason> {
    let mut all = vec![
        Reason::TooLarge { size: 5, limit: 4 },
        Reason::BeforeStart,
        Reason::ByHand,
        Reason::Gone,
        Reason::SameMail,
        Reason::Returned,
    ];
    for why in missing() {
        all.push(Reason::Missing { why: why.clone() });
        all.push(Reason::AskedOften { why, times: 5 });
    }
    for one in &all {
        match one {
            Reason::TooLarge { .. } | Reason::BeforeStart | Reason::ByHand | Reason::Gone | Reason::SameMail => {}
            Reason::Returned | Reason::Missing { .. } | Reason::AskedOften { .. } => {} // stands in the list above too
        }
    }
    all
}

fn obstacles() -> Vec<Obstacle> {
    let all = vec![
        Obstacle::ReadOnly,
        Obstacle::NoUidplus,
        Obstacle::NoDeleting,
        Obstacle::NoSeen,
        Obstacle::NoKeyword { keyword: name() },
        Obstacle::IntoItself { target: name(), polled: name() },
        Obstacle::NoTrash,
        Obstacle::Rebuilt,
        Obstacle::Returned,
        Obstacle::Refused { words: name() },
        Obstacle::NotOpened { folder: name(), words: name() },
        Obstacle::InFolder { folder: name(), why: Box::new(Obstacle::NoSeen) },
    ];
    for one in &all {
        match one {
            Obstacle::ReadOnly | Obstacle::NoUidplus | Obstacle::NoDeleting | Obstacle::NoSeen => {}
            Obstacle::NoKeyword { .. } | Obstacle::IntoItself { .. } | Obstacle::NoTrash | Obstacle::Rebuilt => {}
            Obstacle::Returned | Obstacle::Refused { .. } | Obstacle::NotOpened { .. } => {}
            Obstacle::InFolder { .. } => {} // a new kind stands in the list above too
        }
    }
    all
}

fn ways() -> Vec<Way> {
    let mut all = vec![
        Way::LeftAlone,
        Way::Kept,
        Way::KeptPerhaps,
        Way::ByTrash { trash: name() },
        Way::Expunged,
        Way::Blocked(Obstacle::InFolder { folder: name(), why: Box::new(Obstacle::NoSeen) }),
    ];
    for (by_move, is_there) in [(true, true), (true, false), (false, true), (false, false)] {
        all.push(Way::Moved { by_move, is_there });
    }
    for one in &all {
        match one {
            Way::LeftAlone | Way::Kept | Way::KeptPerhaps | Way::Moved { .. } | Way::ByTrash { .. } => {}
            Way::Expunged | Way::Blocked(_) => {} // a new kind stands in the list above too
        }
    }
    all
}

fn notices() -> Vec<Notice> {
    let all = vec![
        Notice::FoundLate { folder: name(), count: 2, uids: "7, 8".to_owned() },
        Notice::NumberedAnew { folder: name(), before: 1, number: 2, uidnext: 3 },
        Notice::UidsAgain { folder: name() },
        Notice::CopiesStay { why: Obstacle::NoSeen },
        Notice::DayUsedUp { bytes: 5, until: crate::clock::Timestamp(1_800_000_000_000) },
    ];
    for one in &all {
        match one {
            Notice::FoundLate { .. } | Notice::NumberedAnew { .. } | Notice::UidsAgain { .. } => {}
            Notice::CopiesStay { .. } | Notice::DayUsedUp { .. } => {} // a new kind stands in the list above too
        }
    }
    all
}

fn found() -> Vec<Found> {
    let token = |held| {
        let (provider, identity, until) = (name(), name(), crate::clock::Timestamp(1_800_000_000_000));
        Found::Token { provider, identity, until, held }
    };
    let end = Some((crate::clock::Timestamp(1_800_000_000_000), 1));
    let mut all = vec![
        Found::Addresses { host: name(), addresses: name() },
        Found::PortAnswers { port: 993 },
        Found::InClear,
        Found::Said { words: name() },
        token(Held::Unreadable),
        token(Held::Read { audience: name(), rights: name() }),
        token(Held::Read { audience: String::new(), rights: String::new() }),
        Found::LoggedIn { username: name() },
        Found::Folder { folder: name(), messages: Some(7) },
        Found::Folder { folder: name(), messages: None },
        Found::MoreFolders { count: 3 },
        Found::Opens { folder: name(), messages: 7, has_uidvalidity: true },
        Found::Opens { folder: name(), messages: 7, has_uidvalidity: false },
        Found::DoesNotOpen { folder: name(), words: name(), near: name() },
    ];
    for (starttls, end) in [(true, None), (false, end), (true, end.map(|(at, _)| (at, 400)))] {
        all.push(Found::Protected { starttls, subject: name(), end, fingerprint: name() });
    }
    all.extend(ways().into_iter().map(|way| Found::Copy { wish: name(), way }));
    for one in &all {
        match one {
            Found::Addresses { .. } | Found::PortAnswers { .. } | Found::InClear | Found::Protected { .. } => {}
            Found::Said { .. } | Found::Token { .. } | Found::LoggedIn { .. } | Found::Folder { .. } => {}
            Found::MoreFolders { .. } | Found::Opens { .. } | Found::DoesNotOpen { .. } | Found::Copy { .. } => {}
        }
    }
    all
}

fn tls_problems() -> Vec<TlsProblem> {
    let mut all = vec![
        TlsProblem::NoName { host: name() },
        TlsProblem::NoTrust { words: name() },
        TlsProblem::Expired { at: None },
        TlsProblem::Expired { at: Some(crate::clock::Timestamp(1_800_000_000_000)) },
        TlsProblem::NotYetValid,
        TlsProblem::OtherName { subject: name(), host: name(), fingerprint: name() },
        TlsProblem::UnknownIssuer { fingerprint: name() },
        TlsProblem::NotThePinned { fingerprint: name() },
        TlsProblem::CaAsServer { fingerprint: name() },
        TlsProblem::Handshake { words: name() },
        TlsProblem::Closed,
    ];
    all.extend(CertificateFault::ALL.map(|fault| TlsProblem::Refused { fault, fingerprint: name() }));
    for one in &all {
        match one {
            TlsProblem::NoName { .. } | TlsProblem::NoTrust { .. } | TlsProblem::Expired { .. } => {}
            TlsProblem::NotYetValid | TlsProblem::OtherName { .. } | TlsProblem::UnknownIssuer { .. } => {}
            TlsProblem::NotThePinned { .. } | TlsProblem::CaAsServer { .. } | TlsProblem::Refused { .. } => {}
            TlsProblem::Handshake { .. } | TlsProblem::Closed => {} // a new kind stands in the list above too
        }
    }
    all
}

#[test]
fn a_check_is_told_on_a_page_in_the_readers_language_and_to_the_api_in_english() {
    let folder = |messages| Found::Folder { folder: "INBOX".to_owned(), messages };
    let opens = Found::Opens { folder: "INBOX".to_owned(), messages: 7, has_uidvalidity: true };
    let addresses = Found::Addresses { host: "imap.l.se".to_owned(), addresses: "192.0.2.1, 192.0.2.2".to_owned() };
    let end = Some((crate::clock::Timestamp(1_800_000_000_000), 1));
    let protected =
        Found::Protected { starttls: false, subject: "CN=l.se".to_owned(), end, fingerprint: "ab".to_owned() };
    let left = Found::Copy { wish: "leave".to_owned(), way: Way::LeftAlone };
    for (found, english, swedish) in [
        (addresses, "imap.l.se is 192.0.2.1, 192.0.2.2", "imap.l.se är 192.0.2.1, 192.0.2.2"),
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
    let told = "the server answers without a body (asked for 5 times); it stays in the customer's mailbox";
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
    Part::ALL.iter().for_each(|one| check(one, &format!("{one:?}")));
}

#[test]
fn every_change_has_its_sentence_and_reads_back_as_it_was_written() {
    let consent = GivenUp::Ended { provider: name(), identity: name() };
    let all = [
        (Done::MailboxAdded, ""),
        (Done::MailboxChanged { parts: vec![Part::Start, Part::Server] }, "from when, the server"),
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
        (Done::PersonRemoved { tokens: 2 }, "tokens taken back: 2"),
        (Done::PasswordChanged, ""),
        (Done::TokenCreated { scope: "read".into() }, "read"),
        (Done::TokenRevoked { made: Vec::new(), made_revoked: true }, ""),
        (
            Done::TokenRevoked { made: vec!["a".into(), "b".into()], made_revoked: true },
            "tokens made by it, revoked too: a, b",
        ),
        (Done::TokenRevoked { made: vec!["a".into()], made_revoked: false }, "tokens made by it, still valid: a"),
        (Done::OrganisationAdded, ""),
    ];
    let mut named: Vec<&str> = all.iter().map(|(done, _)| done.id()).collect();
    named.dedup();
    assert_eq!(named.len(), 28, "each kind of change stands in this table");
    for (done, detail) in all {
        let text = format!("audit-{}", done.id());
        assert!(locale::has(&text), "{text}");
        assert_eq!(done.detail(Language::English), detail, "{done:?}");
        assert_eq!(done.detail(Language::Swedish).is_empty(), detail.is_empty(), "{done:?}");
        let stored = serde_json::to_string(&done).unwrap();
        assert_eq!(serde_json::from_str::<Done>(&stored).unwrap(), done, "{stored}");
    }
}
