//! Tests of mail that arrives both by forwarding and by polling: one of the two copies counts, and no mail is lost.

use super::*;
use crate::fact::BothWays;

impl Fixture {
    /// Reports a mail as forwarded, for the importing system behind the only target; if there is no target, for the one
    /// that reads the built-in store.
    async fn report(&self, text: &str) -> CountedCopy {
        let inbox = self.inbox_id(INBOX).await;
        let targets = self.store.read().await.unwrap().accepting_targets(inbox).await.unwrap();
        assert!(targets.len() < 2, "{targets:?}");
        self.report_for(text, targets.first().copied()).await
    }

    async fn report_for(&self, text: &str, target: Option<i64>) -> CountedCopy {
        let report =
            ForwardReport { inbox_id: self.inbox_id(INBOX).await, identity: Sha256::digest(text).into(), target };
        let mut tx = self.store.begin().await.unwrap();
        let counts = tx.record_forwarded(&report, NOW).await.unwrap();
        tx.commit().await.unwrap();
        counts
    }

    async fn forwarded_states(&self) -> Vec<&'static str> {
        let filter = DeliveryFilter::default();
        let found = self.store.read().await.unwrap().deliveries(Scope::All, filter, None, 1000).await.unwrap();
        found.into_iter().rev().map(|delivery| delivery.state.as_str()).collect()
    }

    /// Takes the first due lane.
    async fn first_lane(&self) -> LaneLease {
        let due = self.store.due_lanes("elsewhere", (NOW, NOW), 9).await.unwrap();
        let taker = LaneTaker { owner: "me", dead_token: None, until: NOW.plus(LANE_LEASE) };
        self.store.take_lane(&due[0], taker, (NOW, NOW)).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_mail_that_was_forwarded_first_is_imported_and_not_delivered() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        assert_eq!(at.report("hej").await, CountedCopy::Forwarded, "{name}");
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox])), (2, mail("du", &[inbox]))]).await;
        assert_eq!(at.forwarded_states().await, ["dropped", "queued"], "{name}");
        let messages = at.messages().await;
        assert_eq!(messages.len(), 2, "{name}: the bytes are kept");
        assert!(messages[0].forwarded_at.is_some() && messages[1].forwarded_at.is_none(), "{name}");
        assert_eq!(at.report("hej").await, CountedCopy::Forwarded, "{name}: the same answer again");
        // Another mail with the same content is a separate mail, and was not forwarded.
        at.import(&lease, &epoch, vec![(3, mail("hej", &[inbox]))]).await;
        assert_eq!(at.forwarded_states().await, ["dropped", "queued", "queued"], "{name}");
    }
}

#[tokio::test]
async fn a_report_matches_one_of_two_equal_mails_in_a_batch() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.report("hej").await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox])), (2, mail("hej", &[inbox]))]).await;
        let mut states = at.forwarded_states().await;
        states.sort_unstable();
        assert_eq!(states, ["dropped", "queued"], "{name}");
    }
}

#[tokio::test]
async fn the_polled_copy_counts_only_if_it_may_have_been_delivered() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox])), (2, mail("du", &[inbox]))]).await;
        // The delivery still waits, and the importing system already has the forwarded copy.
        assert_eq!(at.report("hej").await, CountedCopy::Forwarded, "{name}");
        assert_eq!(at.forwarded_states().await, ["dropped", "queued"], "{name}");
        let lane = at.first_lane().await;
        assert_eq!(at.store.begin_deliveries(&lane, 9, NOW).await.unwrap().len(), 1, "{name}");
        let message = at.messages().await[1].id;
        for _ in 0..2 {
            assert_eq!(at.report("du").await, CountedCopy::Polled { message }, "{name}: it is being sent");
        }
        assert_eq!(at.forwarded_states().await, ["dropped", "sending"], "{name}");
    }
}

#[tokio::test]
async fn a_target_that_never_had_the_mail_does_not_count() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox]))]).await;
        at.target(Some(INBOX)).await;
        assert_eq!(at.report("hej").await, CountedCopy::Forwarded, "{name}: the target was added since");
        // A person dropped the delivery after its answer was lost, so the target may not have the mail.
        at.import(&lease, &epoch, vec![(2, mail("du", &[inbox]))]).await;
        let mut tx = at.store.begin().await.unwrap();
        tx.sql("UPDATE delivery SET state = 'dropped', unsure = TRUE").run().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(at.report("du").await, CountedCopy::Forwarded, "{name}");
    }
}

#[tokio::test]
async fn without_a_target_the_message_in_the_store_counts() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox]))]).await;
        let message = at.messages().await[0].id;
        assert_eq!(at.report("hej").await, CountedCopy::Polled { message }, "{name}");
        // A mail that was forwarded first counts as acknowledged in the store, since the importing system has it already.
        assert_eq!(at.report("du").await, CountedCopy::Forwarded, "{name}");
        at.import(&lease, &epoch, vec![(2, mail("du", &[inbox]))]).await;
        let messages = at.messages().await;
        assert!(messages[0].acknowledged_at.is_none() && messages[1].acknowledged_at.is_some(), "{name}");
        assert_eq!(messages[1].forwarded_at, Some(NOW), "{name}");
    }
}

#[tokio::test]
async fn a_report_affects_one_target_only() {
    for (at, name) in stores().await {
        let (desk, archive) = (at.target(Some(INBOX)).await, at.target(Some(INBOX)).await);
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        assert_eq!(at.report_for("hej", Some(desk)).await, CountedCopy::Forwarded, "{name}");
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox])), (2, mail("du", &[inbox]))]).await;
        assert_eq!(at.forwarded_states().await, ["dropped", "queued", "queued", "queued"], "{name}");
        assert_eq!(at.report_for("du", Some(archive)).await, CountedCopy::Forwarded, "{name}");
        assert_eq!(at.forwarded_states().await, ["dropped", "queued", "queued", "dropped"], "{name}");
        // The archive has accepted the first mail; the helpdesk does not have the second.
        let mut tx = at.store.begin().await.unwrap();
        tx.sql("UPDATE delivery SET state = 'delivered' WHERE state = 'queued' AND id = 2").run().await.unwrap();
        tx.commit().await.unwrap();
        let message = at.messages().await[0].id;
        assert_eq!(at.report_for("hej", Some(archive)).await, CountedCopy::Polled { message }, "{name}");
        assert_eq!(at.report_for("du", Some(desk)).await, CountedCopy::Forwarded, "{name}");
    }
}

#[tokio::test]
async fn a_dropped_delivery_is_not_sent_and_can_be_sent_by_hand() {
    for (at, name) in stores().await {
        at.target(Some(INBOX)).await;
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox]))]).await;
        let lane = at.first_lane().await;
        at.report("hej").await;
        assert!(at.store.begin_deliveries(&lane, 9, NOW).await.unwrap().is_empty(), "{name}");
        assert_eq!(at.forwarded_states().await, ["dropped"], "{name}");
        let mut tx = at.store.begin().await.unwrap();
        let found = tx.delivery(1, Scope::All).await.unwrap();
        assert!(tx.retry_delivery(&found, NOW).await.unwrap(), "{name}");
        tx.commit().await.unwrap();
        assert_eq!(at.store.begin_deliveries(&lane, 9, NOW).await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn after_fifty_mails_by_both_ways_one_way_can_end() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let ways = async || {
            let mut tx = at.store.begin().await.unwrap();
            tx.sql("UPDATE mailbox SET last_success_at = $1").bind(NOW.plus(LANE_LEASE)).run().await.unwrap();
            tx.commit().await.unwrap();
            at.store.both_ways(&at.store.mailbox(&address("a@b.se")).await.unwrap()).await.unwrap()
        };
        let mails = |uids: std::ops::Range<u32>| {
            uids.map(|uid| (uid, mail(&format!("mail {uid}"), &[inbox]))).collect::<Vec<_>>()
        };
        at.import(&lease, &epoch, mails(1..11)).await;
        assert_eq!(ways().await, None, "{name}: nothing is forwarded");
        for uid in 11..61 {
            at.report(&format!("mail {uid}")).await;
        }
        at.import(&lease, &epoch, mails(11..60)).await;
        let found = ways().await.unwrap();
        assert_eq!(
            (found.also_forwarded, found.forwarding_can_end, found.polling_can_end),
            (49, false, false),
            "{name}"
        );
        at.import(&lease, &epoch, mails(60..61)).await;
        let all = BothWays {
            polled: 50,
            also_forwarded: 50,
            forwarded: 50,
            also_polled: 50,
            forwarding_can_end: true,
            polling_can_end: true,
        };
        assert_eq!(ways().await, Some(all), "{name}");
        // A mail that arrived only by forwarding shows that polling misses mail.
        at.report("only forwarded").await; // and never polled
        let found = ways().await.unwrap();
        assert_eq!((found.also_polled, found.forwarding_can_end, found.polling_can_end), (49, false, true), "{name}");
        // A mail that arrived only by polling shows that forwarding misses mail.
        at.import(&lease, &epoch, mails(61..62)).await;
        let found = ways().await.unwrap();
        assert_eq!((found.also_forwarded, found.polling_can_end), (49, false), "{name}");
    }
}

#[tokio::test]
async fn mail_polled_from_the_address_of_the_inbox_counts_as_forwarded() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let inbox = at.inbox_id(INBOX).await;
        let (own, own_epoch) = at.add_leased(INBOX).await;
        let mails = || (1..52).map(|uid| (uid, mail(&format!("mail {uid}"), &[inbox]))).collect::<Vec<_>>();
        at.import(&own, &own_epoch, mails()).await;
        at.import(&lease, &epoch, mails()).await;
        assert_eq!(at.messages().await.len(), 51, "{name}: each mail is imported once");
        let found = at.store.both_ways(&at.store.mailbox(&address("a@b.se")).await.unwrap()).await.unwrap();
        assert!(found.is_some_and(|ways| ways.forwarding_can_end && ways.polling_can_end), "{name}: {found:?}");
        let of_inbox = at.store.mailbox(&address(INBOX)).await.unwrap();
        assert_eq!(at.store.both_ways(&of_inbox).await.unwrap(), None, "{name}");
    }
}
