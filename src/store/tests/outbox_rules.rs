//! Tests of the outbox besides delivery: loops are stopped, a bounce holds its delivery, and bytes that nobody needs are
//! deleted.

use super::*;
use crate::fact::DeliveryProblem;
use crate::locale::Language;
use crate::mail::bounce::{BounceAddress, signature};

const DAY: Timestamp = Timestamp(NOW.0 + 86_400_000);

/// A mail from this sender.
fn from(sender: &str, text: &str, inbox: i64) -> Finding {
    match mail(text, &[inbox]) {
        Finding::Mail(mail) => Finding::Mail(Box::new(Mail { from: Some(sender.to_owned()), ..*mail })),
        other => other,
    }
}

impl Fixture {
    async fn import_limited(&self, lease: &Lease, epoch: &Epoch, findings: Vec<(u32, Finding)>, limit: i64) {
        let cursor = findings.iter().map(|(uid, _)| uid + 1).max().unwrap_or(1);
        let batch = Batch { sender_limit: limit, ..batch(epoch, findings, cursor) };
        self.store.import(lease, batch, NOW).await.unwrap();
    }

    async fn outbox(&self) -> Vec<(i64, &'static str, Option<String>)> {
        let filter = DeliveryFilter::default();
        let found = self.store.read().await.unwrap().deliveries(Scope::All, filter, None, 1000).await.unwrap();
        let problem = |line: &DeliveryLine| line.problem.as_ref().map(|problem| problem.words(Language::English));
        found.iter().rev().map(|line| (line.id, line.state.as_str(), problem(line))).collect()
    }

    async fn outbox_states(&self) -> Vec<&'static str> {
        self.outbox().await.into_iter().map(|(_, state, _)| state).collect()
    }

    /// Adds a target with these settings, and delivers these mails to it.
    async fn deliver_all(&self, settings: &TargetSettings, texts: &[&str]) -> (Lease, Epoch) {
        let inbox = self.inbox_id(INBOX).await;
        let mut tx = self.store.begin().await.unwrap();
        tx.add_delivery_target(Some(inbox), settings, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let (lease, epoch) = self.add_leased("a@b.se").await;
        self.import(&lease, &epoch, (1..).zip(texts).map(|(uid, text)| (uid, mail(text, &[inbox]))).collect()).await;
        self.send_all().await;
        (lease, epoch)
    }

    async fn send_all(&self) {
        for due in self.store.due_lanes("elsewhere", (NOW, NOW), 9).await.unwrap() {
            let taker = LaneTaker { owner: "me", dead_token: None, until: NOW.plus(LANE_LEASE) };
            let lane = self.store.take_lane(&due, taker, (NOW, NOW)).await.unwrap().unwrap();
            let batch = self.store.begin_deliveries(&lane, 99, NOW).await.unwrap();
            let delivered = |id| (id, AttemptResult::Delivered { answer: "250 ok".to_owned() });
            let attempts = batch.iter().map(|delivery| delivered(delivery.id)).collect();
            let result = BatchResult { attempts, target: TargetResult::Answered, next_at: NOW, not_before: None };
            self.store.record_deliveries(&lane, &result, NOW).await.unwrap();
            self.store.release_lane(&lane).await.unwrap();
        }
    }

    async fn free_raw_mail(&self, before: Timestamp) -> u64 {
        self.store.remove_old(Retention::RawMail, (before, DAY), 99).await.unwrap()
    }

    async fn has_raw(&self, text: &str) -> bool {
        self.store.raw_chunk(&Sha256::digest(text), 0).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn mails_beyond_the_hourly_limit_of_a_sender_are_held() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let mails = |uids: std::ops::Range<u32>, sender: &str| {
            uids.map(|uid| (uid, from(sender, &format!("{uid}"), inbox))).collect::<Vec<_>>()
        };
        // Mail of an inbox without a target does not count.
        at.import_limited(&lease, &epoch, mails(1..5, "loop@x"), 3).await;
        at.target(Some(INBOX)).await;
        at.target(Some(INBOX)).await;
        at.import_limited(&lease, &epoch, mails(5..7, "loop@x"), 3).await;
        assert_eq!(at.outbox_states().await, ["queued"; 4], "{name}: two mails to two targets");
        let mut batch = mails(7..9, "loop@x");
        batch.extend(mails(9..10, "anna@x"));
        at.import_limited(&lease, &epoch, batch, 3).await;
        let states = at.outbox_states().await;
        assert_eq!(states[4..], ["queued", "queued", "held", "held", "queued", "queued"], "{name}");
        let (_, _, problem) = at.outbox().await.swap_remove(6);
        assert!(problem.unwrap().contains("more than 3 mails"), "{name}");
        // Mail that was there before the mailbox was added does not count as a loop.
        let old = |uid: u32| match from("loop@x", &format!("{uid}"), inbox) {
            Finding::Mail(mail) => (uid, Finding::Mail(Box::new(Mail { historic: true, ..*mail }))),
            other => (uid, other),
        };
        at.import_limited(&lease, &epoch, (10..20).map(old).collect(), 3).await;
        assert_eq!(at.outbox_states().await[10..], ["queued"; 20], "{name}");
        // Mail that was received in different hours does not count as a loop.
        let late = |uid: u32| match from("LOOP@x", &format!("{uid}"), inbox) {
            Finding::Mail(mail) => {
                let internal_date = Some(Timestamp(NOW.0 + i64::from(uid % 2 + 1) * 3_600_000));
                (uid, Finding::Mail(Box::new(Mail { internal_date, ..*mail })))
            }
            other => (uid, other),
        };
        at.import_limited(&lease, &epoch, (20..26).map(late).collect(), 3).await;
        assert_eq!(at.outbox_states().await[30..], ["queued"; 12], "{name}");
        at.import_limited(&lease, &epoch, (26..27).map(late).collect(), 3).await;
        assert_eq!(
            at.outbox_states().await[42..],
            ["held"; 2],
            "{name}: the fourth of its hour, in upper or lower case"
        );
    }
}

#[tokio::test]
async fn long_names_and_ids_do_not_stop_an_import() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        // A text that PostgreSQL cannot compress.
        let long: String = (0..1000_u32).filter_map(|n| char::from_u32(0x1_3000 + n * 7919 % 1000)).collect();
        let (sender, id) = (format!("{long}@x"), format!("<{long}>"));
        let hostile = match from(&sender, "hej", inbox) {
            Finding::Mail(mail) => {
                Finding::Mail(Box::new(Mail { message_id: Some(id), effect: Some("seen".to_owned()), ..*mail }))
            }
            other => other,
        };
        assert_eq!(at.import(&lease, &epoch, vec![(1, hostile)]).await.imported, 1, "{name}");
        assert_eq!(at.outbox_states().await, ["queued"], "{name}");
        let departing =
            Departing { epoch_id: epoch.id, uids: &[1], leaves_folder: false, next_uid: 2, target: (None, None) };
        at.store.begin_change(&lease, departing, NOW.plus(LANE_LEASE), NOW).await.unwrap();
    }
}

#[tokio::test]
async fn a_bounce_holds_the_delivery_that_it_returns() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.deliver_all(&TargetSettings::smtp("smtp://mx.kundo.example:587"), &["1", "2"]).await;
        let secret = at.store.installation().await.unwrap().secret;
        let inbox = at.inbox_id(INBOX).await;
        let (first, second) = (0, 1);
        let deliveries: Vec<i64> = at.outbox().await.iter().map(|(id, ..)| *id).collect();
        let bounce = |delivery: i64, signature: String, text: &str| {
            let problem = DeliveryProblem::Returned { status: Some("5.1.1".to_owned()), words: "unknown".to_owned() };
            let bounce = Bounce { address: BounceAddress { delivery, signature }, problem };
            match mail(text, &[inbox]) {
                Finding::Mail(mail) => Finding::Mail(Box::new(Mail { bounce: Some(bounce), ..*mail })),
                other => other,
            }
        };
        let forged = bounce(deliveries[second], signature(&[7; 32], deliveries[second]), "forged");
        let real = bounce(deliveries[first], signature(&secret, deliveries[first]), "real");
        at.import(&lease, &epoch, vec![(3, forged), (4, real)]).await;
        let outbox = at.outbox().await;
        assert_eq!(outbox[first].1, "held", "{name}");
        assert!(outbox[first].2.as_ref().unwrap().contains("5.1.1 unknown"), "{name}: {:?}", outbox[first]);
        assert_eq!(outbox[second].1, "delivered", "{name}: an address that this installation did not sign");
        assert_eq!(outbox.len(), 4, "{name}: the bounces themselves are imported like any mail");
        // A bounce may arrive before the result of its delivery is stored. It holds that delivery nevertheless.
        let mut tx = at.store.begin().await.unwrap();
        let sending = tx.sql("UPDATE delivery SET state = 'sending', finished_at = NULL WHERE id = $1");
        sending.bind(deliveries[second]).run().await.unwrap();
        tx.commit().await.unwrap();
        let early = bounce(deliveries[second], signature(&secret, deliveries[second]), "early");
        at.import(&lease, &epoch, vec![(5, early)]).await;
        assert_eq!(at.outbox_states().await[second], "sending", "{name}");
        let due = at.store.due_lanes("elsewhere", (NOW, NOW), 9).await.unwrap();
        let taker = LaneTaker { owner: "me", dead_token: None, until: NOW.plus(LANE_LEASE) };
        let lane = at.store.take_lane(&due[0], taker, (NOW, NOW)).await.unwrap().unwrap();
        let mut tx = at.store.begin().await.unwrap();
        let sending = tx.sql("UPDATE delivery SET state = 'sending' WHERE id = $1");
        sending.bind(deliveries[second]).run().await.unwrap();
        tx.commit().await.unwrap();
        let attempts = vec![(deliveries[second], AttemptResult::Delivered { answer: "250 ok".to_owned() })];
        let result = BatchResult { attempts, target: TargetResult::Answered, next_at: NOW, not_before: None };
        at.store.record_deliveries(&lane, &result, NOW).await.unwrap();
        assert_eq!(at.outbox_states().await[second], "held", "{name}");
        at.store.release_lane(&lane).await.unwrap();
        // A bounce holds a delivery whose answer was lost: it shows that the target had the mail.
        let mut tx = at.store.begin().await.unwrap();
        let unsure =
            tx.sql("UPDATE delivery SET state = 'deferred', unsure = TRUE, retry_at = 1, problem = NULL WHERE id = $1");
        unsure.bind(deliveries[second]).run().await.unwrap();
        tx.commit().await.unwrap();
        let late = bounce(deliveries[second], signature(&secret, deliveries[second]), "late");
        at.import(&lease, &epoch, vec![(6, late)]).await;
        let outbox = at.outbox().await;
        assert_eq!(outbox[second].1, "held", "{name}");
        assert!(outbox[second].2.as_ref().unwrap().contains("5.1.1 unknown"), "{name}: {:?}", outbox[second]);
        // After a person has resent the first delivery, the same bounce in another mailbox does not hold it again.
        let mut tx = at.store.begin().await.unwrap();
        tx.sql("UPDATE delivery SET state = 'delivered'").run().await.unwrap();
        tx.commit().await.unwrap();
        let (lease, epoch) = at.add_leased("b@b.se").await;
        at.import(&lease, &epoch, vec![(1, bounce(deliveries[first], signature(&secret, deliveries[first]), "real"))])
            .await;
        assert_eq!(at.outbox_states().await[first], "delivered", "{name}");
    }
}

#[tokio::test]
async fn the_bytes_of_a_mail_are_deleted_once_its_only_target_has_it() {
    for (at, name) in stores().await {
        let only = TargetSettings { only_target: true, ..TargetSettings::smtp("smtp://mx.kundo.example:587") };
        let (lease, epoch) = at.deliver_all(&only, &["1", "2", "3"]).await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(4, mail("waits", &[inbox]))]).await;
        assert_eq!(at.free_raw_mail(NOW).await, 0, "{name}: not before its time");
        // One of two targets has not accepted this mail.
        at.target(Some(INBOX)).await;
        at.import(&lease, &epoch, vec![(6, mail("half", &[inbox]))]).await;
        let mut tx = at.store.begin().await.unwrap();
        let delivered = tx.sql(
            "UPDATE delivery SET state = 'delivered', finished_at = $1 WHERE id = (
                SELECT min(id) FROM delivery WHERE message_id = (SELECT max(id) FROM message)
            )",
        );
        assert_eq!(delivered.bind(NOW).run().await.unwrap(), 1);
        tx.commit().await.unwrap();
        // One mail is held, one is needed by another inbox, one waits.
        let other =
            NewInbox { address: address("o@mail.kundo.se"), name: None, reply_from: None, organisation_id: None };
        at.store.add_inbox(&other, NOW).await.unwrap();
        let other = at.inbox_id("o@mail.kundo.se").await;
        at.import(&lease, &epoch, vec![(5, mail("2", &[other]))]).await;
        let held = at.outbox().await[0].0;
        let mut tx = at.store.begin().await.unwrap();
        tx.sql("UPDATE delivery SET state = 'held', finished_at = NULL WHERE id = $1").bind(held).run().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(at.free_raw_mail(DAY).await, 2, "{name}");
        let left = [at.has_raw("1").await, at.has_raw("2").await, at.has_raw("3").await, at.has_raw("waits").await];
        assert_eq!(left, [true, true, false, true], "{name}");
        assert!(at.has_raw("half").await, "{name}");
        assert_eq!(at.free_raw_mail(DAY).await, 0, "{name}: each mail once");
        let messages = at.messages().await;
        assert_eq!(messages.iter().filter(|message| message.raw_removed_at == Some(DAY)).count(), 2, "{name}");
        let removed = messages.iter().find(|message| message.raw_removed_at.is_some()).unwrap().id;
        let refused = at.store.message_sha256(removed).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::RawMailRemoved { .. }))), "{name}: {refused:?}");
        // The same mail is recognised when it appears again, although its bytes are gone.
        let (lease, epoch) = at.add_leased("b@b.se").await;
        assert_eq!(at.import(&lease, &epoch, vec![(1, mail("3", &[inbox]))]).await.skipped, 1, "{name}");
        assert!(!at.has_raw("3").await, "{name}");
    }
}

#[tokio::test]
async fn without_only_a_delivered_mail_keeps_its_bytes() {
    for (at, name) in stores().await {
        at.deliver_all(&TargetSettings::smtp("smtp://mx.kundo.example:587"), &["1"]).await;
        assert_eq!(at.free_raw_mail(DAY).await, 0, "{name}");
        assert!(at.has_raw("1").await, "{name}");
    }
}

#[tokio::test]
async fn a_backlog_shows_its_progress() {
    for (at, name) in stores().await {
        let id = at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, (1..101).map(|uid| (uid, mail(&uid.to_string(), &[inbox]))).collect()).await;
        let progress = async |now: Timestamp| {
            let mut reader = at.store.read().await.unwrap();
            let target = reader.delivery_target(id).await.unwrap();
            let counts = reader.delivery_counts(id).await.unwrap();
            reader.catch_up(&target, counts, now).await.unwrap()
        };
        let nothing_yet = crate::fact::CatchUp { done: 0, total: 100, minutes_left: None };
        assert_eq!(progress(NOW).await, Some(nothing_yet), "{name}");
        let due = at.store.due_lanes("elsewhere", (NOW, NOW), 9).await.unwrap();
        let taker = LaneTaker { owner: "me", dead_token: None, until: NOW.plus(LANE_LEASE) };
        let lane = at.store.take_lane(&due[0], taker, (NOW, NOW)).await.unwrap().unwrap();
        let batch = at.store.begin_deliveries(&lane, 20, NOW).await.unwrap();
        let delivered = |id| (id, AttemptResult::Delivered { answer: "250 ok".to_owned() });
        let attempts = batch.iter().map(|delivery| delivered(delivery.id)).collect();
        let result = BatchResult { attempts, target: TargetResult::Answered, next_at: NOW, not_before: None };
        let minute = Timestamp(NOW.0 + 60_000);
        at.store.record_deliveries(&lane, &result, minute).await.unwrap();
        let after_a_minute = crate::fact::CatchUp { done: 20, total: 100, minutes_left: Some(5) };
        assert_eq!(progress(minute).await, Some(after_a_minute), "{name}");
        let stalled = Timestamp(NOW.0 + 3_600_000);
        assert_eq!(progress(stalled).await.unwrap().minutes_left, None, "{name}: nothing in the last ten minutes");
    }
}
