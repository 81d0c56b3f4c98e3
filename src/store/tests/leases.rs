//! Tests of leases: at most one worker writes for a mailbox.

use super::*;
use crate::fact::Notice;

#[tokio::test]
async fn a_lease_is_exclusive_until_it_expires() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let lease = at.lease("a@b.se").await;
        let mailbox_address = address("a@b.se");
        let until = Timestamp(NOW.0 + 60_000);
        let second = at
            .store
            .take_lease(
                &mailbox_address,
                LeaseTaker { owner: "other", dead_token: None },
                Timestamp(NOW.0 + 59_999),
                until,
            )
            .await
            .unwrap();
        assert!(second.is_none(), "{name}");
        // A dead holder's token that is not the token of this lease does not take it over.
        assert!(
            at.store
                .take_lease(
                    &mailbox_address,
                    LeaseTaker { owner: "other", dead_token: Some(lease.token ^ 1) },
                    NOW,
                    until
                )
                .await
                .unwrap()
                .is_none(),
            "{name}"
        );
        let later = Timestamp(NOW.0 + 60_000);
        let second = at
            .store
            .take_lease(
                &mailbox_address,
                LeaseTaker { owner: "other", dead_token: None },
                later,
                Timestamp(later.0 + 60_000),
            )
            .await
            .unwrap()
            .unwrap();
        assert!(matches!(at.store.renew_lease(&lease, later).await, Err(StoreError::LeaseLost)), "{name}");
        at.store.renew_lease(&second, Timestamp(later.0 + 90_000)).await.unwrap();
    }
}

#[tokio::test]
async fn a_dead_holders_lease_is_taken_over_at_once() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let dead = at.lease("a@b.se").await;
        let until = Timestamp(NOW.0 + 60_000);
        let taken = at
            .store
            .take_lease(&address("a@b.se"), LeaseTaker { owner: "me", dead_token: Some(dead.token) }, NOW, until)
            .await
            .unwrap();
        assert!(taken.is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_cannot_write() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let lost = at.lease("a@b.se").await;
        let epoch = at.epoch(&lost, 0, 7).await;
        let later = Timestamp(NOW.0 + 60_000);
        let won = at
            .store
            .take_lease(
                &address("a@b.se"),
                LeaseTaker { owner: "other", dead_token: None },
                later,
                Timestamp(later.0 + 1),
            )
            .await
            .unwrap();
        let won = won.unwrap();
        let written = at.store.import(&lost, batch(&epoch, vec![(1, mail("a", &[inbox]))], 2), NOW).await;
        assert!(matches!(written, Err(StoreError::LeaseLost)), "{name}");
        let folder = at.store.watched_folders(lost.mailbox.id).await.unwrap()[0].id;
        for written in [
            at.store.advance_cursor(&lost, epoch.id, 9).await,
            at.store.delete_effects(&lost, epoch.id, &[1]).await,
            at.store
                .decide_start(
                    &lost,
                    crate::store::EpochStart { epoch_id: epoch.id, skipped: &[(1, 5)], cursor: 6 },
                    NOW,
                )
                .await,
            at.store
                .count_not_listed(
                    &lost,
                    crate::store::NotListed { epoch_id: epoch.id, uids: &[1], max_attempts: 5 },
                    NOW,
                )
                .await,
            at.store.add_download_chunk(&lost, chunk(&epoch, 0, &[1]), NOW).await,
            at.store
                .open_epoch(&lost, crate::store::NewEpoch { folder_id: folder, uidvalidity: 8, boundary: 1 }, NOW)
                .await
                .map(drop),
        ] {
            assert!(matches!(written, Err(StoreError::LeaseLost)), "{name}");
        }
        assert_eq!((at.messages().await.len(), at.ledger("a@b.se").await.len()), (0, 0), "{name}");
        assert_eq!(at.epoch(&won, 0, 7).await.cursor, 1, "{name}");
    }
}

#[tokio::test]
async fn changing_or_pausing_a_mailbox_ends_its_running_poll() {
    for (at, name) in stores().await {
        at.add_with("a@b.se", AfterImport::Delete).await;
        let mailbox_address = address("a@b.se");
        let lease = at.lease("a@b.se").await;
        let changes = Changes::from(crate::mailbox::SettingsChange {
            after_import: Some(AfterImport::Leave),
            ..Default::default()
        });
        at.store.change_mailbox(&mailbox_address, &changes, None, NOW).await.unwrap();
        assert!(matches!(at.store.renew_lease(&lease, NOW).await, Err(StoreError::LeaseLost)), "{name}");
        let lease = at.lease("a@b.se").await;
        at.store.pause_mailbox(&mailbox_address, true, NOW).await.unwrap();
        assert!(matches!(at.store.renew_lease(&lease, NOW).await, Err(StoreError::LeaseLost)), "{name}");
        assert!(at.store.due("nobody", NOW, 9, 9).await.unwrap().is_empty(), "{name}");
        at.store.pause_mailbox(&mailbox_address, false, NOW).await.unwrap();
        assert_eq!(at.store.due("nobody", NOW, 9, 9).await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn the_outcome_of_a_poll_is_stored_and_decides_the_next() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let outcome = |success, next: Option<Timestamp>| Outcome {
            started_at: NOW,
            success,
            complete: success,
            report: "{}".into(),
            error: (!success).then(|| failure("settle", "us")),
            notes: vec![Notice::UidsReused { folder: "INBOX".into() }],
            noteworthy: true,
            next_poll_at: next,
            hold_until: None,
            visited: Vec::new(),
            bytes: 0,
        };
        let status = async || at.store.mailbox(&address("a@b.se")).await.unwrap().status;
        for failures in 1..=2 {
            let lease = at.lease("a@b.se").await;
            at.store.finish_poll(&lease, &outcome(false, None), Timestamp(NOW.0 + failures)).await.unwrap();
            let now = status().await;
            assert_eq!(
                (now.failures, now.failing_since, now.last_success_at),
                (failures, Some(NOW.0 + 1), None),
                "{name}"
            );
        }
        assert!(at.store.due("nobody", NOW, 9, 9).await.unwrap().is_empty(), "{name}: a person must act first");
        at.store.schedule_waiting_mailboxes(NOW).await.unwrap();
        assert_eq!(at.store.due("nobody", NOW, 9, 9).await.unwrap().len(), 1, "{name}");
        let lease = at.lease("a@b.se").await;
        at.store.finish_poll(&lease, &outcome(true, Some(Timestamp(NOW.0 + 500))), Timestamp(NOW.0 + 9)).await.unwrap();
        let now = status().await;
        assert_eq!((now.failures, now.failing_since, now.last_success_at), (0, None, Some(NOW.0 + 9)), "{name}");
        assert!(at.store.due("nobody", Timestamp(NOW.0 + 499), 9, 9).await.unwrap().is_empty(), "{name}");
        assert_eq!(at.store.due("nobody", Timestamp(NOW.0 + 500), 9, 9).await.unwrap().len(), 1, "{name}");
        assert_eq!(at.store.recent_polls(lease.mailbox.id, 9).await.unwrap().len(), 3, "{name}");
        // A poll that is requested while another one runs takes place after that one.
        let lease = at.lease("a@b.se").await;
        assert!(at.store.poll_soon(lease.mailbox.id, Timestamp(NOW.0 + 20)).await.unwrap(), "{name}");
        at.store
            .finish_poll(&lease, &outcome(true, Some(Timestamp(NOW.0 + 900))), Timestamp(NOW.0 + 30))
            .await
            .unwrap();
        assert_eq!(status().await.next_poll_at, Some(NOW.0 + 20), "{name}");
    }
}

#[tokio::test]
async fn a_host_with_many_due_mailboxes_does_not_crowd_out_another() {
    for (at, name) in stores().await {
        for n in 0..5 {
            at.add(&format!("a{n}@b.se")).await;
        }
        at.add("other@c.se").await;
        let other = at.store.mailbox(&address("other@c.se")).await.unwrap().server;
        let changes = Changes { server: Some(Server { host: "other".into(), ..other }), ..Changes::default() };
        let later = Timestamp(NOW.0 + 1);
        at.store.change_mailbox(&address("other@c.se"), &changes, None, later).await.unwrap();
        let due = at.store.due("nobody", later, 2, 3).await.unwrap();
        let hosts: Vec<&str> = due.iter().map(|due| due.host.as_str()).collect();
        assert_eq!(hosts, ["imap.example.se", "imap.example.se", "other"], "{name}");
    }
}

#[tokio::test]
async fn no_mailbox_is_polled_before_the_minimum_interval_has_passed() {
    for (at, name) in stores().await {
        let at = Fixture { store: at.store.with_least_interval(std::time::Duration::from_secs(10)), ..at };
        at.add("a@b.se").await;
        let mailbox_address = address("a@b.se");
        let changes = Changes::from(crate::mailbox::SettingsChange { interval_ms: Some(1), ..Default::default() });
        at.store.change_mailbox(&mailbox_address, &changes, None, NOW).await.unwrap();
        let mailbox = at.store.mailbox(&mailbox_address).await.unwrap();
        assert_eq!(mailbox.interval_ms, 10_000, "{name}: a shorter one is read as the shortest");
        let due = async |after: i64| at.store.due("nobody", Timestamp(NOW.0 + after), 9, 9).await.unwrap().len();
        assert_eq!(due(0).await, 1, "{name}: it was never polled");
        let lease = at.lease("a@b.se").await;
        let outcome = Outcome {
            started_at: NOW,
            success: true,
            complete: true,
            report: "{}".into(),
            error: None,
            notes: Vec::new(),
            noteworthy: false,
            next_poll_at: Some(NOW),
            hold_until: None,
            visited: Vec::new(),
            bytes: 0,
        };
        at.store.finish_poll(&lease, &outcome, NOW).await.unwrap();
        assert!(at.store.poll_soon(mailbox.id, NOW).await.unwrap(), "{name}");
        at.store.pause_mailbox(&mailbox_address, true, NOW).await.unwrap();
        at.store.pause_mailbox(&mailbox_address, false, NOW).await.unwrap();
        assert_eq!((due(1).await, due(9_999).await, due(10_000).await), (0, 0, 1), "{name}");
        assert_eq!(due(-1).await, 0, "{name}: not before it is due");
    }
}

#[tokio::test]
async fn an_organisation_with_many_due_mailboxes_does_not_crowd_out_another() {
    for (at, name) in stores().await {
        for n in 0..5 {
            at.add(&format!("a{n}@b{n}.se")).await;
        }
        let organisation = at.store.organisation_named("storstad", NOW).await.unwrap().id;
        let inbox = address("jobb.storstad.se@mail.kundo.se");
        let new =
            NewInbox { address: inbox.clone(), name: None, reply_from: None, organisation_id: Some(organisation) };
        at.store.add_inbox(&new, NOW).await.unwrap();
        at.add("late@c.se").await;
        let changes = Changes { inbox: Some(inbox), ..Changes::default() };
        let later = Timestamp(NOW.0 + 1);
        at.store.change_mailbox(&address("late@c.se"), &changes, None, later).await.unwrap();
        let due = at.store.due("nobody", later, 9, 2).await.unwrap();
        let mut organisations: Vec<i64> = due.iter().map(|due| due.organisation_id).collect();
        organisations.dedup();
        assert_eq!(organisations.len(), 2, "{name}: {due:?}");
    }
}
