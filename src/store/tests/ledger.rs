//! Tests of the ledger.

use super::*;
use crate::fact::{FetchFailure, Reason};
use crate::store::ledger::KnownUids;

#[tokio::test]
async fn a_message_its_bytes_and_its_ledger_row_are_stored_in_one_transaction() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let lease = at.lease("a@b.se").await;
        let epoch = at.epoch(&lease, 0, 4_294_967_295).await;
        let done =
            at.import(&lease, &epoch, vec![(4_294_967_290, mail("hej", &[inbox])), (3, mail("", &[inbox]))]).await;
        assert_eq!(done, Imported { imported: 2, skipped: 0, quarantined: 0, bytes: 3 }, "{name}");
        let messages = at.messages().await;
        assert_eq!((messages[0].uid, messages[0].uidvalidity), (4_294_967_290, 4_294_967_295), "{name}");
        assert_eq!(messages[0].subject.as_deref(), Some("Ärende 📬"), "{name}");
        for (message, text) in messages.iter().zip(["hej", ""]) {
            let sha256 = at.store.message_sha256(message.id).await.unwrap();
            assert_eq!(crate::vault::hex(&sha256), message.sha256, "{name}");
            assert_eq!(at.store.raw_chunk(&sha256, 0).await.unwrap().unwrap(), text.as_bytes(), "{name}");
            assert!(at.store.raw_chunk(&sha256, 1).await.unwrap().is_none(), "{name}");
        }
        let states: Vec<String> = at.ledger("a@b.se").await.into_iter().map(|(_, state, _)| state).collect();
        assert_eq!(states, ["imported", "imported"], "{name}");
        assert_eq!(at.epoch(&lease, 0, 4_294_967_295).await.cursor, 4_294_967_291, "{name}");
    }
}

#[tokio::test]
async fn a_large_mail_is_stored_in_the_same_chunks_whether_fetched_whole_or_in_parts() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let text = "x".repeat(CHUNK) + "rest";
        for (seq, part) in [(0, &text.as_bytes()[..CHUNK]), (1, b"rest")] {
            at.store.add_download_chunk(&lease, chunk(&epoch, seq, part), NOW).await.unwrap();
        }
        assert_eq!(at.store.download_chunk(epoch.id, 1, 1).await.unwrap().unwrap(), b"rest", "{name}");
        let downloaded = match mail(&text, &[inbox]) {
            Finding::Mail(mail) => Finding::Mail(Box::new(Mail { raw: Raw::Downloaded, ..*mail })),
            other => other,
        };
        at.import(&lease, &epoch, vec![(1, downloaded)]).await;
        assert!(at.store.download_chunk(epoch.id, 1, 0).await.unwrap().is_none(), "{name}: it is no download any more");
        at.import(&lease, &epoch, vec![(2, mail(&text, &[inbox]))]).await;
        let sha256 = at.store.message_sha256(at.messages().await[1].id).await.unwrap();
        let mut stored = Vec::new();
        for seq in 0..3 {
            stored.extend(at.store.raw_chunk(&sha256, seq).await.unwrap().unwrap_or_default());
        }
        assert_eq!(stored, text.as_bytes(), "{name}");
    }
}

#[tokio::test]
async fn the_cursor_never_moves_backwards() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.store.advance_cursor(&lease, epoch.id, 50).await.unwrap();
        at.store.advance_cursor(&lease, epoch.id, 20).await.unwrap();
        at.store.import(&lease, batch(&epoch, vec![], 10), NOW).await.unwrap();
        assert_eq!(at.epoch(&lease, 0, 7).await.cursor, 50, "{name}");
    }
}

#[tokio::test]
async fn a_pending_uid_can_reach_any_state_and_a_final_state_stays() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let pending = || Finding::Pending { reason: Reason::Missing { why: FetchFailure::NotGiven } };
        let too_large = || Finding::Quarantined {
            reason: Reason::TooLarge { size: 99, limit: 9 },
            size: 99,
            internal_date: None,
            headers: b"Subject: \0\xff".to_vec(),
        };
        at.import(&lease, &epoch, vec![(1, pending()), (2, pending()), (3, pending()), (4, pending())]).await;
        at.import(&lease, &epoch, vec![(1, mail("a", &[inbox])), (2, too_large()), (3, pending())]).await;
        at.store
            .count_not_listed(
                &lease,
                crate::store::NotListed { epoch_id: epoch.id, uids: &[1, 4], max_attempts: 2 },
                NOW,
            )
            .await
            .unwrap();
        at.import(&lease, &epoch, vec![(2, pending())]).await;
        let ledger = at.ledger("a@b.se").await;
        let states: Vec<(u32, &str)> = ledger.iter().map(|(uid, state, _)| (*uid, state.as_str())).collect();
        assert_eq!(states, [(1, "imported"), (2, "quarantined"), (3, "pending"), (4, "gone")], "{name}");
        let open = at.store.open_cases(lease.mailbox.id).await.unwrap();
        assert_eq!((open.pending, open.quarantined), (1, 1), "{name}");
    }
}

#[tokio::test]
async fn mail_before_the_start_is_recorded_as_ranges() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.store
            .decide_start(
                &lease,
                crate::store::EpochStart {
                    epoch_id: epoch.id,
                    skipped: &[(1, 499_999), (500_001, 500_001)],
                    cursor: 500_000,
                },
                NOW,
            )
            .await
            .unwrap();
        let known =
            |known: &[KnownUids]| known.iter().map(|k| (k.first, k.last, k.open_reason.is_some())).collect::<Vec<_>>();
        for (first, last, expected) in [
            (1, 1, vec![(1, 499_999, false)]),
            (400, 500_000, vec![(1, 499_999, false)]),
            (500_000, 500_000, vec![]),
            (499_999, 600_000, vec![(1, 499_999, false), (500_001, 500_001, false)]),
        ] {
            assert_eq!(known(&at.store.known_uids(epoch.id, first, last).await.unwrap()), expected, "{name} {first}");
        }
        let epoch = at.epoch(&lease, 0, 7).await;
        assert_eq!((epoch.cursor, epoch.start_decided), (500_000, true), "{name}");
        let (lines, _) = at.store.ledger_page(None, (0, 0), 9).await.unwrap();
        let ranges: Vec<_> = lines.iter().map(|line| (line.uid, line.uid_last)).collect();
        assert_eq!(ranges, [(1, Some(499_999)), (500_001, None)], "{name}");
        // A new start is applied to all mail again.
        let changes = Changes::from(crate::mailbox::SettingsChange { start: Some(Start::All), ..Default::default() });
        at.store.change_mailbox(&address("a@b.se"), &changes, None, NOW).await.unwrap();
        assert!(at.ledger("a@b.se").await.is_empty(), "{name}");
        let lease = at.lease("a@b.se").await;
        let epoch = at.epoch(&lease, 0, 7).await;
        assert_eq!((epoch.cursor, epoch.start_decided, epoch.boundary), (1, false, 1), "{name}");
    }
}

#[tokio::test]
async fn the_ledger_is_read_page_by_page() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let lease = at.lease("a@b.se").await;
        for folder in 0..2 {
            let epoch = at.epoch(&lease, folder, 7).await;
            let mails = (1..=3).map(|uid| (uid, mail(&format!("{folder}{uid}"), &[inbox]))).collect();
            at.import(&lease, &epoch, mails).await;
        }
        let (mut after, mut seen) = ((0, 0), Vec::new());
        loop {
            let (lines, next) = at.store.ledger_page(Some("a@b.se"), after, 2).await.unwrap();
            seen.extend(lines.into_iter().map(|line| (line.folder, line.uid)));
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
        let folders = ["INBOX", "INBOX", "INBOX", "Ärenden", "Ärenden", "Ärenden"];
        let expected: Vec<_> = folders.iter().zip([1, 2, 3, 1, 2, 3]).map(|(f, uid)| ((*f).to_owned(), uid)).collect();
        assert_eq!(seen, expected, "{name}");
    }
}

#[tokio::test]
async fn a_larger_limit_reopens_mail_that_was_too_large() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let too_large = |size| Finding::Quarantined {
            reason: Reason::TooLarge { size: 99, limit: 9 },
            size,
            internal_date: None,
            headers: vec![],
        };
        at.import(&lease, &epoch, vec![(3, too_large(60_000_000)), (5, too_large(90_000_000))]).await;
        let changes =
            Changes::from(crate::mailbox::SettingsChange { max_size: Some(70_000_000), ..Default::default() });
        at.store.change_mailbox(&address("a@b.se"), &changes, None, NOW).await.unwrap();
        let ledger = at.ledger("a@b.se").await;
        let states: Vec<(u32, &str)> = ledger.iter().map(|(uid, state, _)| (*uid, state.as_str())).collect();
        assert_eq!(states, [(3, "pending"), (5, "quarantined")], "{name}");
        let lease = at.lease("a@b.se").await;
        assert_eq!(at.epoch(&lease, 0, 7).await.cursor, 3, "{name}");
    }
}

#[tokio::test]
async fn the_cursor_does_not_pass_a_pending_uid_in_an_earlier_window() {
    for (at, name) in stores().await {
        let inbox = at.inbox_id(INBOX).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let pending = Finding::Pending { reason: Reason::Missing { why: FetchFailure::NotGiven } };
        let first = batch(&epoch, vec![(4, mail("a", &[inbox])), (5, pending)], 5);
        at.store.import(&lease, first, NOW).await.unwrap();
        let second = batch(&epoch, vec![(20_000, mail("b", &[inbox]))], 20_001);
        at.store.import(&lease, second, NOW).await.unwrap();
        at.store.advance_cursor(&lease, epoch.id, 30_000).await.unwrap();
        assert_eq!(at.epoch(&lease, 0, 7).await.cursor, 5, "{name}");
        at.import(&lease, &epoch, vec![(5, mail("c", &[inbox]))]).await;
        at.store.advance_cursor(&lease, epoch.id, 30_000).await.unwrap();
        assert_eq!(at.epoch(&lease, 0, 7).await.cursor, 30_000, "{name}");
    }
}

#[tokio::test]
async fn a_batch_can_contain_mail_for_many_inboxes() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let mut inboxes = vec![at.inbox_id(INBOX).await];
        for n in 0..20 {
            let inbox = address(&format!("inbox{n}@mail.kundo.se"));
            at.store
                .add_inbox(
                    &NewInbox { address: inbox.clone(), name: None, reply_from: None, organisation_id: None },
                    NOW,
                )
                .await
                .unwrap();
            inboxes.push(at.store.inbox(&inbox).await.unwrap().id);
        }
        let lease = at.lease("a@b.se").await;
        let epoch = at.epoch(&lease, 0, 7).await;
        let mails = (1..=100).map(|uid| (uid, mail(&uid.to_string(), &inboxes))).collect();
        assert_eq!(at.import(&lease, &epoch, mails).await.imported, 100, "{name}");
        assert_eq!(at.store.messages(MessageFilter::default(), 0, 9999).await.unwrap().len(), 2100, "{name}");
    }
}

#[tokio::test]
async fn missing_mail_is_reopened_automatically_and_mail_that_was_too_large_is_not() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let quarantined = |size| Finding::Quarantined {
            reason: Reason::TooLarge { size, limit: 9 },
            size,
            internal_date: None,
            headers: vec![],
        };
        at.import(
            &lease,
            &epoch,
            vec![(1, Finding::Pending { reason: Reason::Missing { why: FetchFailure::NotGiven } })],
        )
        .await;
        at.import(&lease, &epoch, vec![(1, quarantined(0)), (2, quarantined(60_000_000))]).await;
        assert_eq!(at.store.reopen_missing(&lease, NOW, NOW).await.unwrap(), 0, "{name}: not so soon");
        let later = Timestamp(NOW.0 + 1);
        assert_eq!(at.store.reopen_missing(&lease, later, later).await.unwrap(), 1, "{name}");
        let states: Vec<String> = at.ledger("a@b.se").await.into_iter().map(|(_, state, _)| state).collect();
        assert_eq!(states, ["pending", "quarantined"], "{name}");
        assert_eq!(at.epoch(&lease, 0, 7).await.cursor, 1, "{name}");
    }
}

#[tokio::test]
async fn mail_that_is_skipped_during_its_fetch_is_not_imported() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(
            &lease,
            &epoch,
            vec![(1, Finding::Pending { reason: Reason::Missing { why: FetchFailure::NotGiven } })],
        )
        .await;
        let folder = at.store.watched_folders(lease.mailbox.id).await.unwrap()[0].id;
        assert!(!at.store.skip_manually(folder, 1, Some(8), NOW).await.unwrap(), "{name}: numbered otherwise");
        assert!(at.store.skip_manually(folder, 1, Some(7), NOW).await.unwrap(), "{name}");
        // The poll that was fetching the mail can no longer import it.
        let late =
            at.store.import(&lease, batch(&epoch, vec![(1, mail_with_effect("one", inbox, "delete"))], 2), NOW).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)), "{name}");
        assert!(at.messages().await.is_empty(), "{name}");
        assert_eq!(at.ledger("a@b.se").await, [(1, "skipped".to_owned(), None)], "{name}");
    }
}

#[tokio::test]
async fn only_the_selected_mail_is_reopened() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let second = at.epoch(&lease, 1, 9).await;
        let quarantined = |uid| {
            let quarantined = Finding::Quarantined {
                reason: Reason::TooLarge { size: 1, limit: 0 },
                size: 1,
                internal_date: None,
                headers: Vec::new(),
            };
            vec![(uid, quarantined)]
        };
        at.import(&lease, &epoch, quarantined(5)).await;
        let other = Batch { folder: "Ärenden".into(), ..batch(&second, quarantined(5), 6) };
        at.store.import(&lease, other, NOW).await.unwrap();
        let id = lease.mailbox.id;
        let retry = async |folder, uidvalidity, uid| {
            at.store.retry_quarantined(id, QuarantineFilter { folder, uidvalidity, uid }, NOW).await.unwrap()
        };
        assert_eq!(at.store.retryable_quarantine(id, 9).await.unwrap().len(), 2, "{name}");
        assert_eq!(retry(Some("INBOX"), Some(8), Some(5)).await, 0, "{name}: numbered otherwise");
        assert_eq!(retry(Some("INBOX"), Some(7), Some(5)).await, 1, "{name}: not the other folder's");
        assert_eq!(at.store.retryable_quarantine(id, 9).await.unwrap().len(), 1, "{name}");
        // Mail in a folder that is no longer polled is not reopened.
        let changes =
            Changes::from(crate::mailbox::SettingsChange { folders: Some(vec!["INBOX".into()]), ..Default::default() });
        at.store.change_mailbox(&address("a@b.se"), &changes, None, NOW).await.unwrap();
        assert_eq!(at.store.retryable_quarantine(id, 9).await.unwrap().len(), 0, "{name}");
        assert_eq!(retry(None, None, None).await, 0, "{name}");
    }
}
