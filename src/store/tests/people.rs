//! Tests of people, sessions, links and tokens, and of the data that each actor may see.

use super::*;
use crate::fact::Reason;

fn hours(count: i64) -> Timestamp {
    Timestamp(NOW.0 + count * 3_600_000)
}

async fn person(at: &Fixture, name: &str, role: Role, organisation_id: Option<i64>) -> Person {
    let new = NewPerson { name, role, organisation_id, password_hash: Some("hash"), language: "sv", zone: "" };
    at.store.add_person(&new, NOW).await.unwrap();
    at.store.person(name).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_session_ends_when_unused_and_after_a_week_at_the_latest() {
    for (at, name) in stores().await {
        let anna = person(&at, "Anna@Lillestad.se", Role::Operator, None).await;
        assert_eq!(anna.name, "anna@lillestad.se");
        at.store.begin_session(anna.id, b"key", None, NOW).await.unwrap();
        for hour in 1..=7 * 24 {
            let there = at.store.signed_in(b"key", hours(hour)).await.unwrap();
            assert!(there.is_some_and(|person| person.id == anna.id), "{name} {hour}");
        }
        assert!(at.store.signed_in(b"key", hours(7 * 24 + 1)).await.unwrap().is_none(), "{name}");
        at.store.begin_session(anna.id, b"idle", None, NOW).await.unwrap();
        assert!(at.store.signed_in(b"idle", hours(25)).await.unwrap().is_none(), "{name}");
        // A new password ends all other sessions; a new login in the same browser replaces its session.
        for key in [b"one".as_slice(), b"two"] {
            at.store.begin_session(anna.id, key, None, NOW).await.unwrap();
        }
        at.store.set_password(anna.id, "other", Some(b"one")).await.unwrap();
        assert!(at.store.signed_in(b"one", NOW).await.unwrap().is_some());
        assert!(at.store.signed_in(b"two", NOW).await.unwrap().is_none());
        at.store.begin_session(anna.id, b"three", Some(b"one"), NOW).await.unwrap();
        assert!(at.store.signed_in(b"one", NOW).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn the_last_operator_cannot_be_removed_and_names_are_case_insensitive() {
    for (at, name) in stores().await {
        let first = person(&at, "anna", Role::Operator, None).await;
        let twice = NewPerson {
            name: "ANNA",
            role: Role::Operator,
            organisation_id: None,
            password_hash: None,
            language: "sv",
            zone: "",
        };
        assert!(matches!(at.store.add_person(&twice, NOW).await, Err(StoreError::Conflict(_))), "{name}");
        assert!(matches!(at.store.remove_person(&first).await, Err(StoreError::Conflict(_))), "{name}");
        person(&at, "bo", Role::Operator, None).await;
        at.store.remove_person(&first).await.unwrap();
        let again = at.store.remove_person(&first).await;
        assert!(matches!(again, Err(StoreError::NotFound(_))), "{name}: the second of two removals removed nobody");
        let nowhere = NewPerson { name: "eva", role: Role::Admin, organisation_id: None, ..twice };
        assert!(at.store.add_person(&nowhere, NOW).await.is_err(), "{name}: an admin belongs somewhere");
    }
}

#[tokio::test]
async fn a_link_works_once_and_until_it_expires() {
    for (at, name) in stores().await {
        let invite = Purpose::Invite { role: Role::Viewer, organisation_id: Some(FIRST_ORGANISATION) };
        at.store
            .add_link(NewLink { key_hash: b"a", purpose: &invite, creator: "anna".into(), expires_at: hours(1) }, NOW)
            .await
            .unwrap();
        assert_eq!(at.store.link(b"a", NOW).await.unwrap().unwrap().purpose, invite);
        assert!(at.store.link(b"a", hours(1)).await.unwrap().is_none(), "{name}");
        let claim = at.store.claim_link(b"a", NOW).await.unwrap().unwrap();
        let new = NewPerson {
            name: "bo",
            role: Role::Viewer,
            organisation_id: Some(FIRST_ORGANISATION),
            password_hash: None,
            language: "",
            zone: "",
        };
        at.store.join(&claim, &new, NOW).await.unwrap();
        assert!(at.store.claim_link(b"a", NOW).await.unwrap().is_none(), "{name}");
        assert!(at.store.link(b"a", NOW).await.unwrap().is_none());
        // A new setup link replaces the old one.
        at.store
            .add_link(
                NewLink { key_hash: b"b", purpose: &Purpose::Setup, creator: "serve".into(), expires_at: hours(1) },
                NOW,
            )
            .await
            .unwrap();
        at.store
            .add_link(
                NewLink { key_hash: b"c", purpose: &Purpose::Setup, creator: "serve".into(), expires_at: hours(1) },
                NOW,
            )
            .await
            .unwrap();
        assert!(at.store.link(b"b", NOW).await.unwrap().is_none() && at.store.link(b"c", NOW).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn logins_are_limited_by_account_and_by_address_even_when_concurrent() {
    let limit = LoginLimit { free_failures: 5, max_wait_ms: 900_000 };
    for (at, name) in stores().await {
        let store = std::sync::Arc::new(at.store);
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..60 {
            let store = store.clone();
            tries.spawn(async move {
                let subjects = [("account a".to_owned(), limit), ("address 1".to_owned(), limit)];
                store.count_login(&subjects, NOW).await.unwrap().is_ok()
            });
        }
        let through = tries.join_all().await.into_iter().filter(|through| *through).count();
        assert_eq!(through, 5, "{name}");
        let other = |address: &str| [("account b".to_owned(), limit), (address.to_owned(), limit)];
        assert!(store.count_login(&other("address 1"), NOW).await.unwrap().is_err(), "{name}: the address waits");
        assert!(store.count_login(&other("address 2"), NOW).await.unwrap().is_ok(), "{name}");
        store.record_login_success("account a", "address 1").await.unwrap();
        assert!(store.count_login(&[("account a".to_owned(), limit)], NOW).await.unwrap().is_ok());
        assert!(
            store.count_login(&other("address 1"), hours(25)).await.unwrap().is_ok(),
            "{name}: forgotten after a day"
        );
    }
}

#[tokio::test]
async fn an_organisation_sees_only_its_own_data_and_routes_stay_within_it() {
    for (at, name) in stores().await {
        let other = at.store.organisation_named("other", NOW).await.unwrap();
        assert_eq!(at.store.organisation_named(" other ", NOW).await.unwrap(), other, "{name}");
        let theirs = address("theirs@mail.kundo.se");
        let inbox = NewInbox { address: theirs.clone(), name: None, reply_from: None, organisation_id: Some(other.id) };
        at.store.add_inbox(&inbox, NOW).await.unwrap();
        at.store.add_route(&address("x@b.se"), &theirs, NOW).await.unwrap();
        at.add("a@b.se").await;
        let (ours, theirs) = (Scope::Organisation(FIRST_ORGANISATION), Scope::Organisation(other.id));
        assert_eq!(at.store.routes(ours).await.unwrap().len(), 0, "{name}");
        assert_eq!(at.store.routes(theirs).await.unwrap().len(), 1);
        assert_eq!(at.store.inboxes(ours).await.unwrap().len(), 1);
        let lines = |scope| ListFilter { scope, text: None, mailbox_state: None, inbox_id: None };
        assert_eq!(
            at.store
                .mailbox_lines(lines(ours), crate::store::Moments { today: NOW, now: NOW }, 0, 10)
                .await
                .unwrap()
                .0
                .len(),
            1
        );
        assert_eq!(
            at.store
                .mailbox_lines(lines(theirs), crate::store::Moments { today: NOW, now: NOW }, 0, 10)
                .await
                .unwrap()
                .0
                .len(),
            0,
            "{name}"
        );
        assert_eq!(at.store.mailbox(&address("a@b.se")).await.unwrap().organisation_id, FIRST_ORGANISATION);
    }
}

#[tokio::test]
async fn mail_is_found_by_words_within_the_scope_only() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("one.two@example.se", &[inbox])), (2, mail("three", &[inbox]))]).await;
        let other = at.store.organisation_named("other", NOW).await.unwrap();
        let find = async |scope, question: &str| {
            at.store
                .find_messages(scope, &search_words(question), None, 10)
                .await
                .unwrap()
                .iter()
                .map(|found| found.uid)
                .collect::<Vec<_>>()
        };
        let ours = Scope::Organisation(FIRST_ORGANISATION);
        for scope in [Scope::All, ours] {
            assert_eq!(find(scope, "<one.two@example.se>").await, [1], "{name}");
            assert_eq!(find(scope, "ärende").await, [2, 1], "{name}");
            assert_eq!(find(scope, "ÄREN").await, [2, 1], "{name}");
            assert_eq!(find(scope, "ärende thr").await, [2], "{name}");
            assert_eq!(find(scope, "nothing").await, [0; 0], "{name}");
        }
        assert_eq!(find(Scope::Organisation(other.id), "ärende").await, [0; 0], "{name}");
        let id = at.messages().await[0].id;
        assert!(at.store.message(id, ours).await.is_ok());
        assert!(
            matches!(at.store.message(id, Scope::Organisation(other.id)).await, Err(StoreError::NotFound(_))),
            "{name}"
        );
        assert!(at.store.acknowledge(id, Scope::Organisation(other.id), NOW).await.is_err(), "{name}");
        at.store.acknowledge(id, ours, NOW).await.unwrap();
        at.store.acknowledge(id, ours, hours(1)).await.unwrap();
        assert_eq!(at.store.message(id, ours).await.unwrap().acknowledged_at, Some(NOW), "{name}: the first counts");
        // Mail of a removed inbox is no longer found.
        at.store.remove_mailbox(&address("a@b.se")).await.unwrap();
        at.store.remove_inbox(&address(INBOX), true).await.unwrap();
        assert_eq!(find(Scope::All, "ärende").await, [0; 0], "{name}");
    }
}

#[tokio::test]
async fn the_list_shows_the_same_state_as_the_mailbox_itself() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let mut shown = Vec::new();
        let mut look = async |now: Timestamp| {
            let filter = ListFilter { scope: Scope::All, text: Some("A@B"), mailbox_state: None, inbox_id: None };
            let (lines, counts) =
                at.store.mailbox_lines(filter, crate::store::Moments { today: NOW, now }, 0, 10).await.unwrap();
            assert_eq!(counts, [(lines[0].mailbox_state, 1)], "{name}");
            let state = MailboxState::for_mailbox(&at.store.mailbox(&address("a@b.se")).await.unwrap(), now).short_id();
            let same = if lines[0].mailbox_state == MailboxState::NeedsPerson {
                "failing"
            } else {
                lines[0].mailbox_state.id()
            };
            assert_eq!(state, same, "{name}");
            shown.push(lines[0].mailbox_state);
        };
        look(NOW).await;
        let ended = |success: bool, error: Option<&'static str>| Outcome {
            started_at: NOW,
            success,
            complete: success,
            report: "{}".into(),
            error: error.map(|blame| failure("login", blame)),
            notes: Vec::new(),
            noteworthy: true,
            next_poll_at: Some(NOW),
            hold_until: None,
            visited: Vec::new(),
            bytes: 0,
        };
        for (outcome, now) in [
            (ended(true, None), NOW),
            (ended(false, Some("host")), NOW),
            (ended(false, Some("mailbox")), NOW),
            (ended(true, None), hours(1)),
        ] {
            let lease = at.lease("a@b.se").await;
            at.store.finish_poll(&lease, &outcome, NOW).await.unwrap();
            look(now).await;
        }
        at.store.pause_mailbox(&address("a@b.se"), true, NOW).await.unwrap();
        look(NOW).await;
        let all = [
            MailboxState::New,
            MailboxState::Ok,
            MailboxState::Failing,
            MailboxState::NeedsPerson,
            MailboxState::Behind,
            MailboxState::Paused,
        ];
        assert_eq!(shown, all, "{name}");
        let id = at.store.mailbox(&address("a@b.se")).await.unwrap().id;
        assert_eq!(at.store.polls_by_day(id, NOW.day()).await.unwrap(), [(NOW.day(), 4, 2)], "{name}");
        let some = ListFilter { scope: Scope::All, text: Some("%_"), mailbox_state: None, inbox_id: None };
        assert_eq!(
            at.store.mailbox_lines(some, crate::store::Moments { today: NOW, now: NOW }, 0, 10).await.unwrap().0.len(),
            0,
            "{name}: no wildcards"
        );
    }
}

#[tokio::test]
async fn an_authorization_is_completed_once_and_only_in_the_browser_that_started_it() {
    for (at, name) in stores().await {
        let auth = || PendingAuth {
            browser_hash: b"browser".to_vec(),
            mailbox_id: None,
            link_hash: None,
            sealed: b"x".to_vec(),
        };
        at.store.begin_auth(b"state", &auth(), NOW).await.unwrap();
        assert!(at.store.take_auth(b"state", b"another", NOW).await.unwrap().is_none(), "{name}");
        assert!(at.store.take_auth(b"state", b"browser", hours(1)).await.unwrap().is_none(), "{name}");
        assert!(at.store.take_auth(b"state", b"browser", NOW).await.unwrap().is_some(), "{name}");
        assert!(at.store.take_auth(b"state", b"browser", NOW).await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_until_it_is_revoked() {
    for (at, name) in stores().await {
        let other = at.store.organisation_named("other", NOW).await.unwrap();
        at.store
            .add_token(
                NewToken {
                    name: "import",
                    hash: b"hash",
                    scope: TokenScope::Read,
                    organisation_id: Some(other.id),
                    creator: "".into(),
                },
                NOW,
            )
            .await
            .unwrap();
        let again = at
            .store
            .add_token(
                NewToken {
                    name: "import",
                    hash: b"hash2",
                    scope: TokenScope::Read,
                    organisation_id: Some(other.id),
                    creator: "".into(),
                },
                NOW,
            )
            .await;
        assert!(again.is_err(), "{name}");
        let token = at.store.token_by_hash(b"hash", NOW).await.unwrap().unwrap();
        assert_eq!(
            (token.scope, token.organisation_id, token.organisation.as_deref()),
            (TokenScope::Read, Some(other.id), Some("other"))
        );
        assert_eq!(at.store.tokens(Scope::All).await.unwrap()[0].last_used_at, Some(NOW), "{name}");
        let ours = Scope::Organisation(FIRST_ORGANISATION);
        assert!(at.store.token("import", None, ours).await.is_err(), "{name}: another organisation's is not there");
        at.store.revoke_token(token.id, false).await.unwrap();
        assert!(at.store.token_by_hash(b"hash", NOW).await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn queries_of_the_pages_work_on_both_databases() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let (id, inbox) = (lease.mailbox.id, at.inbox_id(INBOX).await);
        let header = b"Subject: TESTX aside\r\nFrom: anna@b.se\r\n\r\n".to_vec();
        let aside = Finding::Quarantined {
            reason: Reason::TooLarge { size: 1, limit: 0 },
            size: 1,
            internal_date: None,
            headers: header.clone(),
        };
        at.import(&lease, &epoch, vec![(1, mail("one", &[inbox])), (2, mail("two", &[inbox])), (3, aside)]).await;
        let line = at.store.mailbox_line(id, NOW, NOW).await.unwrap().unwrap();
        assert_eq!((line.today, line.last_mail_at), (2, Some(NOW)), "{name}");
        assert!(at.store.mailbox_line(id + 1, NOW, NOW).await.unwrap().is_none(), "{name}");
        let mailbox = at.store.mailbox(&address("a@b.se")).await.unwrap();
        let quarters = at.store.mails_by_quarter_hour(&mailbox, Timestamp(NOW.0 - 1)).await.unwrap();
        assert_eq!(quarters, [(Timestamp(NOW.0 / 900_000 * 900_000), 2)], "{name}");
        // Another organisation that has the same mailbox later sees no earlier mail of it.
        let other = at.store.organisation_named("other", NOW).await.unwrap().id;
        let theirs = Mailbox { organisation_id: other, ..mailbox };
        assert!(at.store.mails_by_quarter_hour(&theirs, Timestamp(0)).await.unwrap().is_empty(), "{name}");
        for (since, count) in
            [(None, 1), (Some((id, NOW)), 1), (Some((id, Timestamp(NOW.0 + 1))), 0), (Some((id + 1, NOW)), 0)]
        {
            let found = at.store.quarantined_mail(Scope::All, since, 0).await.unwrap();
            assert!(at.store.quarantined_mail(Scope::All, since, 1).await.unwrap().is_empty(), "{name} {since:?}");
            assert_eq!(found.len(), count, "{name} {since:?}");
            assert!(found.iter().all(|line| line.headers == header), "{name}");
        }
        let found = |unacknowledged, inbox: Option<&'static str>, mailbox: Option<&'static str>| {
            at.store.messages(MessageFilter { inbox, mailbox, unacknowledged }, 0, 10)
        };
        let first = found(false, None, None).await.unwrap()[0].id;
        at.store.acknowledge(first, Scope::All, NOW).await.unwrap();
        for (unacknowledged, inbox, mailbox, count) in [
            (false, Some(INBOX), None, 2),
            (true, Some(INBOX), None, 1),
            (true, Some(INBOX), Some("a@b.se"), 1),
            (false, Some(INBOX), Some("x@b.se"), 0),
            (true, None, None, 1),
            (false, None, Some("a@b.se"), 2),
            (false, Some("none@b.se"), None, 0),
        ] {
            let got = found(unacknowledged, inbox, mailbox).await.unwrap().len();
            assert_eq!(got, count, "{name} {unacknowledged} {inbox:?} {mailbox:?}");
        }
        assert_eq!(at.store.read().await.unwrap().last_test_at(id).await.unwrap(), None, "{name}");
        at.store.begin_test(id, "TESTX", NOW).await.unwrap();
        assert_eq!(at.store.read().await.unwrap().last_test_at(id).await.unwrap(), Some(NOW), "{name}");
        assert_eq!(
            at.store.inbox_addresses(Scope::Organisation(FIRST_ORGANISATION), 1).await.unwrap(),
            [INBOX],
            "{name}"
        );
        assert!(at.store.inbox_addresses(Scope::Organisation(other), 1).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_uncounted_attempt_does_not_end_a_wait_caused_by_others() {
    let limit = LoginLimit { free_failures: 2, max_wait_ms: 900_000 };
    for (at, name) in stores().await {
        let subjects = [("x".to_owned(), limit)];
        let count = async || at.store.count_login(&subjects, NOW).await.unwrap();
        assert!(count().await.is_ok(), "{name}");
        at.store.uncount_login("x", limit).await.unwrap();
        assert!(count().await.is_ok() && count().await.is_ok(), "{name}: the first was taken back");
        assert!(count().await.is_err(), "{name}");
        at.store.uncount_login("x", limit).await.unwrap();
        assert!(count().await.is_ok() && count().await.is_err(), "{name}: below the free ones nothing is blocked");
        at.store.forget_failures("x").await.unwrap();
        assert!(count().await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn mail_is_found_in_an_organisation_with_many_inboxes() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("needle", &[inbox]))]).await;
        for n in 0..502 {
            let new = NewInbox {
                address: address(&format!("a{n}@k.se")),
                name: None,
                reply_from: None,
                organisation_id: None,
            };
            at.store.add_inbox(&new, NOW).await.unwrap();
        }
        let ours = Scope::Organisation(FIRST_ORGANISATION);
        assert_eq!(at.store.find_messages(ours, &search_words("needle"), None, 9).await.unwrap().len(), 1, "{name}");
        let other = at.store.organisation_named("other", NOW).await.unwrap().id;
        let theirs = Scope::Organisation(other);
        assert!(at.store.find_messages(theirs, &search_words("needle"), None, 9).await.unwrap().is_empty(), "{name}");
    }
}
