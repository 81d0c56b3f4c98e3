//! Every fact has its words in every language. Each enum lists one of each kind by a match that the compiler keeps complete.

use super::*;
use crate::cause::{Cause, Trouble};

fn name() -> String {
    "jobb@l.se".to_owned()
}

/// Words that are those of the text itself, with all that it is about.
fn check(fact: &impl Fact, what: &str) {
    let mut all = Vec::new();
    for language in Language::ALL {
        let words = fact.words(language);
        assert!(!words.is_empty() && words != fact.text().name, "{what} has no words in {language:?}");
        assert!(!words.contains("{$") && !words.contains("{ $"), "{what} in {language:?}: {words}");
        all.push(words);
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

#[test]
fn every_fact_has_its_words_in_every_language() {
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
