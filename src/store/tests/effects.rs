//! Tests of pending effects on the customer's copies.

use super::*;
use crate::fact::{Obstacle, StoredFact};

#[tokio::test]
async fn an_effect_goes_through_its_steps_and_runs_once() {
    for (at, name) in stores().await {
        at.add_with("a@b.se", AfterImport::Move("Klart".into())).await;
        let inbox = at.inbox_id(INBOX).await;
        let lease = at.lease("a@b.se").await;
        let epoch = at.epoch(&lease, 0, 7).await;
        let mails = (1..=4).map(|uid| (uid, mail_with_effect(&uid.to_string(), inbox, "move:Klart"))).collect();
        at.import(&lease, &epoch, mails).await;
        let open = async |above, limit| -> Vec<(u32, EffectStep)> {
            let effects = at.store.open_effects(epoch.id, above, limit, false).await.unwrap();
            effects.into_iter().map(|effect| (effect.uid, effect.step)).collect()
        };
        assert_eq!(open(0, 2).await, [(1, EffectStep::Pending), (2, EffectStep::Pending)], "{name}");
        at.store.record_copied(&lease, epoch.id, &[1, 2]).await.unwrap();
        at.store.delete_effects(&lease, epoch.id, &[1]).await.unwrap();
        at.store.record_impossible(&lease, epoch.id, &[3], &Obstacle::ReadOnly).await.unwrap();
        at.store.record_failed_attempt(&lease, epoch.id, &[4], &Obstacle::NoSeen).await.unwrap();
        let all = [(2, EffectStep::Copied), (3, EffectStep::Impossible), (4, EffectStep::Pending)];
        assert_eq!(open(0, 9).await, all, "{name}");
        assert_eq!(open(3, 9).await, [(4, EffectStep::Pending)], "{name}");
        let cases = at.store.open_cases(lease.mailbox.id).await.unwrap();
        let counts = (cases.effects_pending, cases.effects_impossible, cases.effects_problem);
        assert_eq!(counts, (2, 1, Some(StoredFact::Known(Obstacle::ReadOnly))), "{name}");
        assert_eq!(at.store.open_effect_count(lease.mailbox.id).await.unwrap(), 2, "{name}");
        // A batch without mail changes no effect.
        at.import(&lease, &epoch, vec![]).await;
        assert_eq!(open(0, 9).await.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn another_setting_or_another_uidvalidity_voids_pending_effects() {
    for (at, name) in stores().await {
        at.add_with("a@b.se", AfterImport::Delete).await;
        let inbox = at.inbox_id(INBOX).await;
        let lease = at.lease("a@b.se").await;
        let epoch = at.epoch(&lease, 0, 7).await;
        at.import(&lease, &epoch, vec![(1, mail_with_effect("a", inbox, "delete"))]).await;
        let new = at.epoch(&lease, 0, 8).await;
        assert!(at.store.open_effects(new.id, 0, 9, false).await.unwrap().is_empty(), "{name}");
        assert_eq!(
            at.store.open_effects(epoch.id, 0, 9, false).await.unwrap()[0].step,
            EffectStep::Impossible,
            "{name}"
        );
        let epoch = at.epoch(&lease, 1, 7).await;
        at.import(&lease, &epoch, vec![(1, mail_with_effect("b", inbox, "delete"))]).await;
        let changes = Changes::from(crate::mailbox::SettingsChange {
            after_import: Some(AfterImport::Leave),
            ..Default::default()
        });
        at.store.change_mailbox(&address("a@b.se"), &changes, None, NOW).await.unwrap();
        assert!(at.store.open_effects(epoch.id, 0, 9, false).await.unwrap().is_empty(), "{name}");
    }
}
