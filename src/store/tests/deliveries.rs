//! Tests of the outbox: no mail is missed, the order is kept, and no worker overwrites another's results.

use super::*;
use crate::fact::DeliveryProblem;
use crate::target::WhenUnknown;

const LATER: Timestamp = Timestamp(NOW.0 + 60_000);

fn settings(when_unknown: WhenUnknown) -> TargetSettings {
    TargetSettings { when_unknown, ..TargetSettings::smtp("smtp://mx.kundo.example:587") }
}

impl Fixture {
    /// Adds a target of the inbox; with `None`, a target of all inboxes that have none of their own.
    pub(super) async fn target(&self, inbox: Option<&str>) -> i64 {
        let inbox_id = match inbox {
            Some(inbox) => Some(self.inbox_id(inbox).await),
            None => None,
        };
        self.target_with(inbox_id, WhenUnknown::Repeat).await
    }

    async fn target_with(&self, inbox_id: Option<i64>, when_unknown: WhenUnknown) -> i64 {
        let mut tx = self.store.begin().await.unwrap();
        let id = tx.add_delivery_target(inbox_id, &settings(when_unknown), NOW).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn due(&self, now: Timestamp) -> Vec<DueLane> {
        self.store.due_lanes("elsewhere", (now, now), 100).await.unwrap()
    }

    async fn take(&self, due: &DueLane, owner: &str, now: Timestamp) -> Option<LaneLease> {
        let taker = LaneTaker { owner, dead_token: None, until: now.plus(LANE_LEASE) };
        self.store.take_lane(due, taker, (now, now)).await.unwrap()
    }

    /// Takes the only due lane.
    async fn lane(&self, now: Timestamp) -> LaneLease {
        let due = self.due(now).await;
        assert_eq!(due.len(), 1, "{due:?}");
        self.take(&due[0], "me", now).await.expect("it is free")
    }

    /// The state and the number of attempts of each delivery, oldest delivery first.
    async fn delivery_states(&self) -> Vec<(&'static str, i64)> {
        let filter = DeliveryFilter::default();
        let found = self.store.read().await.unwrap().deliveries(Scope::All, filter, None, 1000).await.unwrap();
        found.into_iter().rev().map(|delivery| (delivery.state.as_str(), delivery.attempts)).collect()
    }

    async fn import_mails(&self, texts: &[&str]) {
        let (lease, epoch) = self.add_leased("a@b.se").await;
        let inbox = self.inbox_id(INBOX).await;
        let findings = (1..).zip(texts).map(|(uid, text)| (uid, mail(text, &[inbox]))).collect();
        self.import(&lease, &epoch, findings).await;
    }

    async fn record(&self, lease: &LaneLease, attempts: Vec<(i64, AttemptResult)>, next_at: Timestamp) {
        let result = BatchResult { attempts, target: TargetResult::Answered, next_at, not_before: None };
        self.store.record_deliveries(lease, &result, NOW).await.unwrap();
    }
}

fn delivered() -> AttemptResult {
    AttemptResult::Delivered { answer: "250 ok".to_owned() }
}

fn problem() -> DeliveryProblem {
    DeliveryProblem::NoStartTls
}

#[tokio::test]
async fn an_import_queues_each_new_message_for_each_target_of_its_inbox() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox])), (2, mail("du", &[inbox]))]).await;
        assert_eq!(at.delivery_states().await, [("queued", 0); 4], "{name}");
        // The same mail from another mailbox is not a new message, and is not delivered again.
        let (lease, epoch) = at.add_leased("b@b.se").await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox]))]).await;
        assert_eq!(at.delivery_states().await.len(), 4, "{name}");
        assert_eq!(at.due(NOW).await.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn the_target_of_the_configuration_serves_inboxes_without_their_own() {
    for (at, name) in stores().await {
        let other =
            NewInbox { address: address("o@mail.kundo.se"), name: None, reply_from: None, organisation_id: None };
        at.store.set_default_target(Some(&settings(WhenUnknown::Repeat)), NOW).await.unwrap();
        at.store.add_inbox(&other, NOW).await.unwrap();
        let own = at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inboxes = [at.inbox_id(INBOX).await, at.inbox_id("o@mail.kundo.se").await];
        at.import(&lease, &epoch, vec![(1, mail("hej", &inboxes))]).await;
        let mut due = at.due(NOW).await;
        due.sort_by_key(|lane| lane.target_id);
        assert_eq!(due.len(), 2, "{name}");
        assert_eq!(due[1].target_id, own, "{name}");
        // Without its own target, the inbox uses the target of the configuration again; without either, its mail is only
        // stored.
        let mut tx = at.store.begin().await.unwrap();
        let target = tx.delivery_target(own).await.unwrap();
        assert!(tx.remove_delivery_target(&target, false).await.is_err(), "{name}: a mail waits");
        tx.remove_delivery_target(&target, true).await.unwrap();
        tx.commit().await.unwrap();
        at.import(&lease, &epoch, vec![(2, mail("du", &inboxes))]).await;
        assert_eq!(at.delivery_states().await.len(), 3, "{name}");
        at.store.set_default_target(None, NOW).await.unwrap();
        at.import(&lease, &epoch, vec![(3, mail("igen", &inboxes))]).await;
        assert_eq!(at.delivery_states().await.len(), 3, "{name}");
        assert_eq!(at.due(NOW).await.len(), 0, "{name}: nothing is sent to a target that is no longer configured");
    }
}

#[tokio::test]
async fn a_lane_sends_in_order_and_continues_where_it_stopped() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        at.import_mails(&["1", "2", "3"]).await;
        let lease = at.lane(NOW).await;
        let batch = at.store.begin_deliveries(&lease, 2, NOW).await.unwrap();
        assert_eq!(batch.iter().map(|delivery| delivery.uid).collect::<Vec<_>>(), [1, 2], "{name}");
        let wait = AttemptResult::Queued { problem: Some(problem()), counts: true };
        at.record(&lease, vec![(batch[0].id, delivered()), (batch[1].id, wait)], LATER).await;
        assert_eq!(at.delivery_states().await, [("delivered", 1), ("queued", 1), ("queued", 0)], "{name}");
        assert!(at.store.begin_deliveries(&lease, 2, NOW).await.unwrap().is_empty(), "{name}: it waits");
        at.store.release_lane(&lease).await.unwrap();
        assert!(at.due(NOW).await.is_empty(), "{name}");
        let lease = at.lane(LATER).await;
        let batch = at.store.begin_deliveries(&lease, 2, LATER).await.unwrap();
        assert_eq!(batch.iter().map(|delivery| delivery.uid).collect::<Vec<_>>(), [2, 3], "{name}");
        let attempts = batch.iter().map(|delivery| (delivery.id, delivered())).collect();
        at.record(&lease, attempts, NOW).await;
        at.store.release_lane(&lease).await.unwrap();
        assert!(at.due(Timestamp(i64::MAX)).await.is_empty(), "{name}: nothing is left");
    }
}

#[tokio::test]
async fn a_deferred_mail_lets_the_others_pass_and_comes_back_at_its_time() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        at.import_mails(&["1", "2"]).await;
        let lease = at.lane(NOW).await;
        let batch = at.store.begin_deliveries(&lease, 9, NOW).await.unwrap();
        let deferred = AttemptResult::Deferred { problem: problem(), retry_at: LATER };
        at.record(&lease, vec![(batch[0].id, deferred), (batch[1].id, delivered())], NOW).await;
        at.store.release_lane(&lease).await.unwrap();
        assert_eq!(at.delivery_states().await, [("deferred", 1), ("delivered", 1)], "{name}");
        assert!(at.due(Timestamp(LATER.0 - 1)).await.is_empty(), "{name}");
        let lease = at.lane(LATER).await;
        let batch = at.store.begin_deliveries(&lease, 9, LATER).await.unwrap();
        assert_eq!((batch.len(), batch[0].uid, batch[0].attempts), (1, 1, 1), "{name}");
    }
}

#[tokio::test]
async fn a_mail_that_was_being_sent_at_a_crash_is_sent_again_or_held() {
    for (rule, state) in [(WhenUnknown::Repeat, "maybe"), (WhenUnknown::Hold, "held")] {
        for (at, name) in stores().await {
            let inbox = at.inbox_id(INBOX).await;
            at.target_with(Some(inbox), rule).await;
            at.import_mails(&["1", "2"]).await;
            let dead = at.lane(NOW).await;
            at.store.begin_deliveries(&dead, 1, NOW).await.unwrap();
            assert_eq!(at.delivery_states().await, [("sending", 0), ("queued", 0)], "{name}");
            // The lease has expired, so another worker takes the lane.
            let late = NOW.plus(2 * LANE_LEASE);
            let lease = at.lane(late).await;
            assert_eq!(at.delivery_states().await, [(state, 1), ("queued", 0)], "{name}");
            // A later write by the dead worker is refused.
            let result =
                BatchResult { attempts: Vec::new(), target: TargetResult::Answered, next_at: NOW, not_before: None };
            let written = at.store.record_deliveries(&dead, &result, NOW).await;
            assert!(matches!(written, Err(StoreError::LeaseLost)), "{name}");
            assert!(matches!(at.store.begin_deliveries(&dead, 1, NOW).await, Err(StoreError::LeaseLost)), "{name}");
            assert!(matches!(at.store.renew_lane(&dead, late).await, Err(StoreError::LeaseLost)), "{name}");
            let next = at.store.begin_deliveries(&lease, 1, late).await.unwrap();
            assert_eq!(next[0].uid, if rule == WhenUnknown::Repeat { 1 } else { 2 }, "{name}");
        }
    }
}

#[tokio::test]
async fn a_lane_has_one_holder_and_a_failing_target_is_probed_by_one_lane() {
    for (at, name) in stores().await {
        let other =
            NewInbox { address: address("o@mail.kundo.se"), name: None, reply_from: None, organisation_id: None };
        at.store.add_inbox(&other, NOW).await.unwrap();
        at.store
            .set_default_target(Some(&TargetSettings { concurrency: 5, ..settings(WhenUnknown::Repeat) }), NOW)
            .await
            .unwrap();
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inboxes = [at.inbox_id(INBOX).await, at.inbox_id("o@mail.kundo.se").await];
        at.import(&lease, &epoch, vec![(1, mail("hej", &inboxes))]).await;
        let due = at.due(NOW).await;
        assert_eq!(due.len(), 2, "{name}");
        let lane = at.take(&due[0], "me", NOW).await.unwrap();
        assert!(at.take(&due[0], "you", NOW).await.is_none(), "{name}");
        let batch = at.store.begin_deliveries(&lane, 9, NOW).await.unwrap();
        let result = BatchResult {
            attempts: vec![(batch[0].id, AttemptResult::Queued { problem: Some(problem()), counts: false })],
            target: TargetResult::Failed { problem: problem(), retry_at: LATER },
            next_at: LATER,
            not_before: None,
        };
        at.store.record_deliveries(&lane, &result, NOW).await.unwrap();
        at.store.release_lane(&lane).await.unwrap();
        assert!(at.due(NOW).await.is_empty(), "{name}: the other lane waits for the target too");
        let due = at.due(LATER).await;
        assert_eq!((due.len(), due[0].is_doubtful), (1, true), "{name}");
        assert_eq!(at.delivery_states().await, [("queued", 0); 2], "{name}: no attempt of a mail counts");
        // An answer of the target ends its failure.
        let lane = at.take(&due[0], "me", LATER).await.unwrap();
        let batch = at.store.begin_deliveries(&lane, 9, LATER).await.unwrap();
        at.record(&lane, vec![(batch[0].id, delivered())], LATER).await;
        at.store.release_lane(&lane).await.unwrap();
        let due = at.due(LATER).await;
        assert_eq!((due.len(), due[0].is_doubtful), (1, false), "{name}");
    }
}

#[tokio::test]
async fn held_mail_is_retried_moved_and_dropped_by_hand() {
    for (at, name) in stores().await {
        let first = at.target(Some(INBOX)).await;
        at.import_mails(&["1", "2", "3"]).await;
        let second = at.target(Some(INBOX)).await;
        let lease = at.lane(NOW).await;
        let batch = at.store.begin_deliveries(&lease, 9, NOW).await.unwrap();
        let held = |unsure| AttemptResult::Held { problem: problem(), unsure };
        let attempts = batch.iter().map(|delivery| (delivery.id, held(delivery.uid == 1))).collect();
        at.record(&lease, attempts, NOW).await;
        at.store.release_lane(&lease).await.unwrap();
        assert!(at.due(Timestamp(i64::MAX)).await.is_empty(), "{name}: held mail waits for a person");
        let mut tx = at.store.begin().await.unwrap();
        let [one, two, three] = [0, 1, 2].map(|n| batch[n].id);
        let found = tx.delivery(one, Scope::All).await.unwrap();
        assert!(found.unsure && found.problem.is_some(), "{name}");
        assert!(tx.retry_delivery(&found, NOW).await.unwrap(), "{name}");
        let found = tx.delivery(two, Scope::All).await.unwrap();
        assert!(tx.move_delivery(&found, second, NOW).await.unwrap(), "{name}");
        let found = tx.delivery(three, Scope::All).await.unwrap();
        assert!(tx.drop_delivery(&found, NOW).await.unwrap(), "{name}");
        assert!(!tx.drop_delivery(&found, NOW).await.unwrap(), "{name}: it is dropped already");
        tx.commit().await.unwrap();
        assert_eq!(at.delivery_states().await, [("maybe", 0), ("queued", 0), ("dropped", 1)], "{name}");
        let mut due: Vec<i64> = at.due(NOW).await.iter().map(|lane| lane.target_id).collect();
        due.sort_unstable();
        assert_eq!(due, [first, second], "{name}");
        assert_eq!(at.messages().await.len(), 3, "{name}: the messages stay");
        let elsewhere = Scope::Organisation(FIRST_ORGANISATION + 1);
        assert!(at.store.read().await.unwrap().delivery(one, elsewhere).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_paused_target_keeps_its_mail() {
    for (at, name) in stores().await {
        let id = at.target(Some(INBOX)).await;
        at.import_mails(&["1"]).await;
        for (paused, lanes) in [(true, 0), (false, 1)] {
            let mut tx = at.store.begin().await.unwrap();
            tx.pause_delivery_target(id, paused).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(at.due(NOW).await.len(), lanes, "{name}");
        }
    }
}
