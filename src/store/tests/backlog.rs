//! Tests of the backlog of a mailbox: its size, its progress and its end.

use std::time::Duration;

use super::*;
use crate::fact::{Backlog, FetchFailure, Reason};

const MINUTE: Timestamp = Timestamp(NOW.0 + 60_000);
const DAY: Timestamp = Timestamp(NOW.0 + 86_400_000);

fn backlog(done: i64, total: i64, minutes_left: Option<i64>) -> Option<Backlog> {
    Some(Backlog { done, total, minutes_left })
}

impl Fixture {
    async fn backlog(&self, lease: &Lease, now: Timestamp) -> Option<Backlog> {
        self.store.open_cases(lease.mailbox.id).await.unwrap().backlog(&lease.mailbox, now)
    }

    async fn note(&self, lease: &Lease, epoch: &Epoch, left: i64, now: Timestamp) {
        self.store.note_backlog(lease, epoch.id, left, now).await.unwrap();
    }

    /// Imports a mail for each of these UIDs.
    async fn import_uids(&self, lease: &Lease, epoch: &Epoch, uids: std::ops::Range<u32>, now: Timestamp) {
        let inbox = self.inbox_id(INBOX).await;
        let cursor = uids.end;
        let findings = uids.map(|uid| (uid, mail(&format!("{} {uid}", epoch.id), &[inbox]))).collect();
        self.store.import(lease, batch(epoch, findings, cursor), now).await.unwrap();
    }
}

#[tokio::test]
async fn an_import_lowers_its_backlog_by_what_it_finished() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.note(&lease, &epoch, 49, NOW).await;
        assert_eq!(at.backlog(&lease, NOW).await, None, "{name}: a few mails");
        at.note(&lease, &epoch, 120, NOW).await;
        assert!(at.epoch(&lease, 0, 7).await.has_backlog, "{name}");
        assert_eq!(at.backlog(&lease, MINUTE).await, backlog(0, 120, None), "{name}: no speed yet");
        at.import_uids(&lease, &epoch, 1..18, NOW).await;
        let inbox = at.inbox_id(INBOX).await;
        let too_large = Finding::Quarantined {
            reason: Reason::TooLarge { size: 99, limit: 9 },
            size: 99,
            internal_date: None,
            headers: Vec::new(),
        };
        let twice = mail(&format!("{} 1", epoch.id), &[inbox]);
        let missing = Finding::Pending { reason: Reason::Missing { why: FetchFailure::NotGiven } };
        let findings = vec![(18, too_large), (19, twice), (20, mail("new", &[inbox])), (21, missing)];
        at.store.import(&lease, batch(&epoch, findings, 21), MINUTE).await.unwrap();
        assert_eq!(at.backlog(&lease, MINUTE).await, backlog(20, 120, Some(6)), "{name}");
        // The pending mail is then imported by a second attempt, so neither the cursor nor the highest UID changes.
        assert_eq!(at.store.finished_above(epoch.id, 17).await.unwrap(), 3, "{name}: 18 to 20, and not the pending 21");
        let again = vec![(21, mail("given", &[inbox]))];
        at.store.import(&lease, batch(&epoch, again, 21), MINUTE).await.unwrap();
        assert_eq!(at.backlog(&lease, MINUTE).await, backlog(21, 120, Some(5)), "{name}");
    }
}

#[tokio::test]
async fn a_backlog_grows_with_new_mail_and_ends_with_its_last_mail() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.note(&lease, &epoch, 100, NOW).await;
        at.import_uids(&lease, &epoch, 1..41, MINUTE).await;
        at.note(&lease, &epoch, 90, MINUTE).await;
        assert_eq!(at.backlog(&lease, MINUTE).await, backlog(40, 130, Some(3)), "{name}: thirty more");
        // A second folder has its own counts, and the mailbox shows the sum of both.
        let other = at.epoch(&lease, 1, 3).await;
        at.note(&lease, &other, 60, MINUTE).await;
        assert_eq!(at.backlog(&lease, MINUTE).await, backlog(40, 190, Some(4)), "{name}: both folders");
        at.note(&lease, &other, 0, MINUTE).await;
        assert_eq!(at.backlog(&lease, MINUTE).await, backlog(40, 130, Some(3)), "{name}: one is read to its end");
        at.import_uids(&lease, &epoch, 41..141, MINUTE).await;
        assert_eq!(at.backlog(&lease, MINUTE).await, None, "{name}: ten more than were noted");
        assert!(!at.epoch(&lease, 0, 7).await.has_backlog, "{name}");
        at.note(&lease, &epoch, 3, DAY).await;
        assert_eq!(at.backlog(&lease, DAY).await, None, "{name}: a few mails are no part of it");
        at.note(&lease, &epoch, 70, DAY).await;
        assert_eq!(at.backlog(&lease, DAY).await, backlog(0, 70, None), "{name}: a new one");
        let minute_later = DAY.plus(Duration::from_mins(1));
        at.import_uids(&lease, &epoch, 141..176, minute_later).await;
        assert_eq!(at.backlog(&lease, minute_later).await, backlog(35, 70, Some(2)), "{name}: with its own speed");
    }
}

#[tokio::test]
async fn a_pause_of_a_backlog_does_not_count_as_slowness() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.note(&lease, &epoch, 140, NOW).await;
        at.import_uids(&lease, &epoch, 1..41, MINUTE).await;
        let ten_minutes = MINUTE.plus(Duration::from_mins(10));
        assert_eq!(at.backlog(&lease, ten_minutes).await, backlog(40, 140, Some(3)), "{name}");
        let later = Timestamp(ten_minutes.0 + 1);
        assert_eq!(at.backlog(&lease, later).await, backlog(40, 140, None), "{name}: nothing in the last ten minutes");
        at.note(&lease, &epoch, 100, DAY).await;
        assert_eq!(at.backlog(&lease, DAY).await, backlog(40, 140, Some(3)), "{name}: as fast as before");
        let mut tx = at.store.begin().await.unwrap();
        tx.pause_mailbox(lease.mailbox.id, true, DAY).await.unwrap();
        tx.commit().await.unwrap();
        let mailbox = at.store.mailbox(&address("a@b.se")).await.unwrap();
        let cases = at.store.all_open_cases().await.unwrap();
        assert_eq!(cases[&mailbox.id].backlog(&mailbox, DAY), backlog(40, 140, None), "{name}: paused");
    }
}

#[tokio::test]
async fn a_backlog_belongs_to_the_epoch_and_the_start_of_its_folder() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.note(&lease, &epoch, 100, NOW).await;
        let renumbered = at.epoch(&lease, 0, 8).await;
        assert_eq!(at.backlog(&lease, NOW).await, None, "{name}: a new UIDVALIDITY");
        at.note(&lease, &renumbered, 50, NOW).await;
        assert_eq!(at.backlog(&lease, NOW).await, backlog(0, 50, None), "{name}");
        let changes = Changes::from(crate::mailbox::SettingsChange { start: Some(Start::All), ..Default::default() });
        at.store.change_mailbox(&address("a@b.se"), &changes, None, NOW).await.unwrap();
        assert_eq!(at.backlog(&lease, NOW).await, None, "{name}: another start");
        let lease = at.lease("a@b.se").await;
        at.note(&lease, &renumbered, 50, NOW).await;
        at.store.close_epoch(&lease, renumbered.id).await.unwrap();
        assert_eq!(at.backlog(&lease, NOW).await, None, "{name}: the UIDs are no longer valid");
    }
}
