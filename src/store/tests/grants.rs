//! Tests of grants: one worker renews tokens for all, and late results change nothing.

use super::*;

fn key() -> GrantKey {
    GrantKey { provider: "contoso".into(), kind: GrantKind::Delegated, identity: "anna@b.se".into() }
}

impl Fixture {
    /// Adds a mailbox that uses this grant, and returns the grant's row.
    async fn add_with_grant(&self, mailbox: &str, key: GrantKey) -> i64 {
        self.add(mailbox).await;
        let changes = Changes { login: Some(NewLogin::OAuth(key)), ..Changes::default() };
        self.store.change_mailbox(&address(mailbox), &changes, None, NOW).await.unwrap();
        match self.store.mailbox(&address(mailbox)).await.unwrap().login {
            Login::OAuth { grant_id, .. } => grant_id,
            Login::Password(_) => panic!("{mailbox} still has a password"),
        }
    }

    fn tokens(&self, grant: i64, name: &str) -> SealedTokens {
        let seal = |row: String| self.vault.seal(&row, &name.into()).unwrap();
        SealedTokens {
            access: seal(access_row(grant)),
            refresh: Some(seal(refresh_row(grant))),
            expires_at: Timestamp(NOW.0 + 3_600_000),
            renew_at: Timestamp(NOW.0 + 2_880_000),
            consent_ends_at: None,
        }
    }

    fn refresh_token(&self, grant: &Grant) -> String {
        use secrecy::ExposeSecret as _;
        let sealed = grant.refresh_sealed.as_ref().unwrap();
        self.vault.open(&refresh_row(grant.id), sealed).unwrap().expose_secret().to_owned()
    }
}

fn failed_until(next: Timestamp) -> Outcome {
    Outcome {
        started_at: NOW,
        success: false,
        complete: false,
        report: "{}".into(),
        error: Some(failure("token", "host")),
        notes: Vec::new(),
        noteworthy: true,
        next_poll_at: Some(next),
        hold_until: None,
        visited: Vec::new(),
        bytes: 0,
    }
}

fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

#[tokio::test]
async fn a_late_token_refresh_does_not_overwrite_newer_data() {
    for (at, name) in stores().await {
        let id = at.add_with_grant("a@b.se", key()).await;
        assert_eq!(at.add_with_grant("c@b.se", key()).await, id, "{name}: two mailboxes share it");
        at.store.store_consent(id, Flow::Code, &at.tokens(id, "first"), NOW).await.unwrap();
        let before = at.store.grant(id).await.unwrap();
        assert!(at.store.store_renewed_tokens(&before, &at.tokens(id, "second"), NOW).await.unwrap(), "{name}");
        // A renewal that began with an earlier version of the grant comes too late.
        assert!(!at.store.store_renewed_tokens(&before, &at.tokens(id, "stolen"), NOW).await.unwrap(), "{name}");
        let after = at.store.grant(id).await.unwrap();
        assert_eq!((at.refresh_token(&after), after.version), ("second".to_owned(), before.version + 1), "{name}");
        // A failure of a token that has been replaced is not recorded.
        let refusal =
            GrantProblem { problem: "{}".into(), needs_consent: true, retry_at: None, provider_retry_at: None };
        assert!(!at.store.grant_failed(&before, &refusal, NOW).await.unwrap(), "{name}");
        assert!(!at.store.grant(id).await.unwrap().needs_consent, "{name}");
        assert!(at.store.grant_failed(&after, &refusal, NOW).await.unwrap(), "{name}");
        assert_eq!(at.store.grant(id).await.unwrap().state(false), "needs-consent", "{name}");
        // If the renewal brings no new refresh token, the old one stays.
        let renewed = SealedTokens { refresh: None, ..at.tokens(id, "third") };
        let before = at.store.grant(id).await.unwrap();
        assert!(at.store.store_renewed_tokens(&before, &renewed, NOW).await.unwrap(), "{name}");
        assert_eq!(at.refresh_token(&at.store.grant(id).await.unwrap()), "second", "{name}");
    }
}

#[tokio::test]
async fn one_worker_refreshes_a_token_and_a_dead_workers_lock_is_taken_over() {
    for (at, name) in stores().await {
        let id = at.add_with_grant("a@b.se", key()).await;
        let lock = async |owner, dead, now| {
            at.store
                .lock_grant(id, LeaseTaker { owner, dead_token: dead }, now, Timestamp(now.0 + 30_000))
                .await
                .unwrap()
        };
        let (_, first) = lock("one", None, NOW).await.expect("nobody has it");
        assert!(lock("two", None, later(10)).await.is_none(), "{name}");
        let held = async |now| at.store.grant_lock(id, now, std::time::Duration::from_secs(30)).await.unwrap();
        assert_eq!(held(NOW).await, Some((first, "one".to_owned())), "{name}");
        assert_eq!(
            (held(later(30)).await, held(later(-100)).await),
            (None, None),
            "{name}: run out, or by a wrong clock"
        );
        let (_, second) = lock("two", Some(first), later(10)).await.expect("its holder is dead");
        assert!(lock("three", Some(first), later(11)).await.is_none(), "{name}: that one is gone already");
        at.store.unlock_grant(id, first).await.unwrap();
        assert!(lock("three", None, later(11)).await.is_none(), "{name}: who lost it gives nothing back");
        assert!(lock("three", None, later(41)).await.is_some(), "{name}: it has run out");
        at.store.unlock_grant(id, second).await.unwrap();
    }
}

#[tokio::test]
async fn a_grant_is_deleted_with_its_last_mailbox_and_an_applications_problem_with_its_last_grant() {
    for (at, name) in stores().await {
        let id = at.add_with_grant("a@b.se", key()).await;
        at.add_with_grant("c@b.se", key()).await;
        assert!(at.store.app_failed("contoso", "{}", later(60), NOW).await.unwrap(), "{name}: it is new");
        assert!(!at.store.app_failed("contoso", "{}", later(120), later(60)).await.unwrap(), "{name}: it is known");
        assert_eq!(at.store.app_problem("contoso").await.unwrap().unwrap().since, NOW.0, "{name}");
        let lease = at.lease("a@b.se").await;
        at.store.finish_poll(&lease, &failed_until(later(3600)), NOW).await.unwrap();
        assert!(at.store.app_works("contoso", later(10)).await.unwrap(), "{name}");
        assert!(!at.store.app_works("contoso", later(10)).await.unwrap(), "{name}: nothing was wrong");
        let next = at.store.mailbox(&address("a@b.se")).await.unwrap().status.next_poll_at;
        assert_eq!(next, Some(later(10).0), "{name}: it is polled at once");
        at.store.remove_mailbox(&address("a@b.se")).await.unwrap();
        assert_eq!(at.store.mailboxes_by_grant().await.unwrap()[&id], ["c@b.se"], "{name}");
        at.store.app_failed("contoso", "{}", later(60), NOW).await.unwrap();
        let changes = Changes { login: Some(NewLogin::Password("hemligt".into())), ..Changes::default() };
        at.store.change_mailbox(&address("c@b.se"), &changes, Some(&at.vault), NOW).await.unwrap();
        assert!(
            at.store.grants().await.unwrap().is_empty() && at.store.app_problems().await.unwrap().is_empty(),
            "{name}"
        );
        assert!(matches!(at.store.grant(id).await, Err(StoreError::NotFound(_))), "{name}");
    }
}

#[tokio::test]
async fn after_a_new_consent_its_mailboxes_are_due_despite_a_failing_poll() {
    for (at, name) in stores().await {
        let id = at.add_with_grant("a@b.se", key()).await;
        let lease = at.lease("a@b.se").await;
        at.store.store_consent(id, Flow::Device, &at.tokens(id, "x"), later(5)).await.unwrap();
        let late = at.store.finish_poll(&lease, &failed_until(later(3600)), later(6)).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)), "{name}");
        let status = at.store.mailbox(&address("a@b.se")).await.unwrap().status;
        assert_eq!((status.next_poll_at, status.failures), (Some(later(5).0), 0), "{name}");
        at.store.delete_tokens(id).await.unwrap();
        let grant = at.store.grant(id).await.unwrap();
        assert_eq!((grant.state(false), grant.flow, grant.consented_at), ("not-connected", None, None), "{name}");
    }
}
