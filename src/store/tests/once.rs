//! Tests of single-use keys: concurrent use, revocation while in use, and release.

use std::sync::Arc;

use super::*;

const LATER: Timestamp = Timestamp(NOW.0 + 60_000);

/// Runs an operation eight times concurrently, and returns how often it succeeded.
async fn at_once<F: Future<Output = bool> + Send + 'static>(
    store: &Arc<Store>,
    one: impl Fn(Arc<Store>, usize) -> F,
) -> usize {
    let mut all = tokio::task::JoinSet::new();
    for n in 0..8 {
        all.spawn(one(store.clone(), n));
    }
    all.join_all().await.into_iter().filter(|done| *done).count()
}

fn viewer(name: &str) -> NewPerson<'_> {
    let organisation_id = Some(FIRST_ORGANISATION);
    NewPerson { name, role: Role::Viewer, organisation_id, password_hash: None, language: "", zone: "" }
}

fn operator(name: &str) -> NewPerson<'_> {
    NewPerson { role: Role::Operator, organisation_id: None, ..viewer(name) }
}

fn invite() -> Purpose {
    Purpose::Invite { role: Role::Viewer, organisation_id: Some(FIRST_ORGANISATION) }
}

impl Fixture {
    /// Adds a mailbox without a password, and a connect link for it. Returns the purpose of the link.
    async fn linked(&self, mailbox: &str, creator: impl Into<Creator<'_>>) -> Purpose {
        self.add(mailbox).await;
        let forgotten = Changes { login: Some(NewLogin::Unset), ..Changes::default() };
        self.store.change_mailbox(&address(mailbox), &forgotten, None, NOW).await.unwrap();
        let purpose = Purpose::Connect { mailbox_id: self.store.mailbox(&address(mailbox)).await.unwrap().id };
        self.store
            .add_link(NewLink { key_hash: b"key", purpose: &purpose, creator: creator.into(), expires_at: LATER }, NOW)
            .await
            .unwrap();
        purpose
    }

    /// Sets the mailbox's password through a claimed link.
    async fn set_password_by_link(&self, mailbox: &str, claim: &LinkClaim, now: Timestamp) -> Result<(), StoreError> {
        let login = Some(NewLogin::Password("hemligt".into()));
        let changes = Changes { login, by_link: Some(claim.clone()), ..Changes::default() };
        self.store.change_mailbox(&address(mailbox), &changes, Some(&self.vault), now).await
    }

    async fn has_password(&self, mailbox: &str) -> bool {
        self.store.mailbox(&address(mailbox)).await.unwrap().login.is_set()
    }
}

#[tokio::test]
async fn one_of_many_concurrent_uses_of_a_link_succeeds() {
    for (at, name) in stores().await {
        at.linked("a@b.se", "anna").await;
        let Fixture { store, vault, place, _folder } = at;
        let store = Arc::new(store);
        let claimed = at_once(&store, |store, _| async move { store.claim_link(b"key", NOW).await.unwrap().is_some() });
        assert_eq!(claimed.await, 1, "{name}");
        // Until the claim expires or is released, nobody else can claim the link.
        let late = Timestamp(NOW.0 + 59_000);
        assert!(store.claim_link(b"key", late).await.unwrap().is_none(), "{name}: it is claimed");
        store
            .add_link(
                NewLink { key_hash: b"setup", purpose: &Purpose::Setup, creator: "serve".into(), expires_at: LATER },
                NOW,
            )
            .await
            .unwrap();
        let joined = at_once(&store, |store, n| async move {
            match store.claim_link(b"setup", NOW).await.unwrap() {
                Some(claim) => store.join(&claim, &operator(&format!("first{n}")), NOW).await.is_ok(),
                None => false,
            }
        });
        assert_eq!(joined.await, 1, "{name}");
        assert_eq!(store.people(Scope::All).await.unwrap().len(), 1, "{name}: one first operator");
        let _ = Fixture { store: Arc::into_inner(store).unwrap(), vault, place, _folder };
    }
}

#[tokio::test]
async fn a_link_that_is_revoked_during_its_use_stores_nothing() {
    for (at, name) in stores().await {
        let first = operator("root");
        at.store.add_person(&first, NOW).await.unwrap();
        at.store.add_person(&operator("eve"), NOW).await.unwrap();
        let token = at
            .store
            .add_token(
                NewToken { name: "t", hash: b"t", scope: TokenScope::Write, organisation_id: None, creator: "".into() },
                NOW,
            )
            .await
            .unwrap();
        for what in ["replaced", "creator removed", "token revoked", "expired", "claimed anew", "nothing"] {
            let mailbox = format!("{}@b.se", what.replace(' ', "-"));
            let creator = match what {
                "creator removed" => Creator { who: "eve", token: None },
                "token revoked" => Creator { who: "token t", token: Some(token) },
                _ => "root".into(),
            };
            let purpose = at.linked(&mailbox, creator).await;
            let claim = at.store.claim_link(b"key", NOW).await.unwrap().expect("it is open");
            let mut now = NOW;
            match what {
                "replaced" => at
                    .store
                    .add_link(
                        NewLink { key_hash: b"next", purpose: &purpose, creator: "root".into(), expires_at: LATER },
                        NOW,
                    )
                    .await
                    .unwrap(),
                "creator removed" => {
                    let eve = at.store.person("eve").await.unwrap().unwrap();
                    at.store.remove_person(&eve).await.unwrap();
                }
                "token revoked" => drop(at.store.revoke_token(token, false).await.unwrap()),
                "expired" => now = LATER,
                "claimed anew" => {
                    // The claim ends, as if it had expired, and somebody else claims the link.
                    at.store.release_link(&claim).await.unwrap();
                    assert!(at.store.claim_link(b"key", NOW).await.unwrap().is_some());
                }
                _ => {}
            }
            let given = at.set_password_by_link(&mailbox, &claim, now).await;
            match what {
                "nothing" => {
                    given.unwrap();
                    assert!(at.store.link(b"key", NOW).await.unwrap().is_none(), "{name}: it is used up");
                    assert!(
                        matches!(at.set_password_by_link(&mailbox, &claim, NOW).await, Err(StoreError::LinkInvalid)),
                        "{name}"
                    );
                }
                _ => assert!(matches!(given, Err(StoreError::LinkInvalid)), "{name}: {what}: {given:?}"),
            }
            assert_eq!(at.has_password(&mailbox).await, what == "nothing", "{name}: {what}");
            at.store.release_link(&claim).await.unwrap();
            let is_open = at.store.link(b"key", NOW).await.unwrap().is_some();
            assert_eq!(is_open, matches!(what, "expired" | "claimed anew" | "nothing"), "{name}: {what}");
            at.store.remove_mailbox(&address(&mailbox)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_invitation_is_accepted_once_and_never_after_it_was_revoked() {
    for (at, name) in stores().await {
        at.store.add_person(&operator("root"), NOW).await.unwrap();
        at.store.add_person(&operator("eve"), NOW).await.unwrap();
        let invited = async |who: &str| {
            at.store
                .add_link(NewLink { key_hash: b"key", purpose: &invite(), creator: who.into(), expires_at: LATER }, NOW)
                .await
                .unwrap();
            at.store.claim_link(b"key", NOW).await.unwrap().expect("it is open")
        };
        // An attempt with a name that is taken does not use up the invitation.
        let claim = invited("root").await;
        assert!(matches!(at.store.join(&claim, &viewer("EVE"), NOW).await, Err(StoreError::Conflict(_))), "{name}");
        at.store.join(&claim, &viewer("bo"), NOW).await.unwrap();
        assert!(matches!(at.store.join(&claim, &viewer("bo2"), NOW).await, Err(StoreError::LinkInvalid)), "{name}");
        // An invitation cannot be accepted if it was revoked, or if its creator has been removed.
        at.store.revoke_invitation(b"key", Scope::All).await.unwrap();
        at.store.release_link(&claim).await.unwrap();
        assert!(at.store.revoke_invitation(b"key", Scope::All).await.unwrap(), "{name}");
        let claim = invited("root").await;
        assert!(at.store.revoke_invitation(b"key", Scope::All).await.unwrap(), "{name}: while it is used");
        assert!(matches!(at.store.join(&claim, &viewer("carl"), NOW).await, Err(StoreError::LinkInvalid)), "{name}");
        let claim = invited("eve").await;
        at.store.remove_person(&at.store.person("eve").await.unwrap().unwrap()).await.unwrap();
        assert!(matches!(at.store.join(&claim, &viewer("carl"), NOW).await, Err(StoreError::LinkInvalid)), "{name}");
        at.store.release_link(&claim).await.unwrap();
        assert!(at.store.link(b"key", NOW).await.unwrap().is_none(), "{name}");
        assert!(at.store.person("carl").await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn one_of_many_concurrent_requests_claims_a_pending_authorization_or_idempotency_key() {
    for (at, name) in stores().await {
        let auth =
            PendingAuth { browser_hash: b"b".to_vec(), mailbox_id: None, link_hash: None, sealed: b"x".to_vec() };
        at.store.begin_auth(b"state", &auth, NOW).await.unwrap();
        let token = at
            .store
            .add_token(
                NewToken { name: "t", hash: b"t", scope: TokenScope::Write, organisation_id: None, creator: "".into() },
                NOW,
            )
            .await
            .unwrap();
        let Fixture { store, vault, place, _folder } = at;
        let store = Arc::new(store);
        let taken =
            at_once(&store, |store, _| async move { store.take_auth(b"state", b"b", NOW).await.unwrap().is_some() });
        assert_eq!(taken.await, 1, "{name}");
        let claimed =
            at_once(&store, move |store, _| async move { store.claim_key(token, "k", b"r", NOW).await.unwrap() });
        assert_eq!(claimed.await, 1, "{name}");
        let _ = Fixture { store: Arc::into_inner(store).unwrap(), vault, place, _folder };
    }
}
