//! The return from an identity provider. The answer is accepted only once and only from the same browser (RFC 6749
//! 10.12, RFC 9700 4.7).

use axum::extract::{Query, State as FromState};
use axum::http::HeaderMap;
use secrecy::ExposeSecret;

use super::consent::{BROWSER_COOKIE, SavedConsent, provider_server};
use super::{connect_link, setup};
use crate::address::Address;
use crate::app::mailboxes::{self, Request, StoredLogin, credential_policy};
use crate::app::{Actor, Error, any, consents};
use crate::cause::{Cause, Trouble};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect};
use crate::http::page::error::PageError;
use crate::http::page::guard::cookie;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::{SignedIn, Visitor};
use crate::oauth::{Callback, ConsentRequest, GrantError, TokenEndpoint, grant};
use crate::opaque;
use crate::store::{Changes, Flow, GrantKey, GrantKind, LinkClaim, Mailbox, NewLogin, PendingAuth, pending_auth_row};

/// Handles the return of the browser.
pub async fn callback(
    FromState(state): FromState<State>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> PageResult {
    let now = state.deps.clock.now();
    let not_pending = || PageError::BadRequest("consent-not-pending");
    let state_hash = callback.state().map(opaque::hash).unwrap_or_default();
    let browser = cookie(&headers, BROWSER_COOKIE).map(opaque::hash).unwrap_or_default();
    let pending = state.deps.store.take_auth(&state_hash, &browser, now).await?.ok_or_else(not_pending)?;
    let mailbox = state.deps.store.mailbox_by_id(pending.mailbox_id.ok_or_else(not_pending)?).await?;
    // In the meantime, the user may have lost the right to change the mailbox, or the link may have become invalid.
    let mut claim = None;
    let user = match &pending.link_hash {
        Some(link) => {
            claim = state.deps.store.claim_link(link, now).await?;
            if claim.is_none() {
                return connect_link::link_invalid(&visitor);
            }
            None
        }
        None => {
            let user = SignedIn::new(visitor.clone(), visitor.person.clone().ok_or(PageError::SignIn)?);
            if !user.may_change() {
                return Err(PageError::Forbidden);
            }
            Some(user)
        }
    };
    let mailbox = match &user {
        Some(user) => user.check_visible(mailbox)?,
        None => mailbox,
    };
    let actor = match &user {
        Some(user) => user.actor.clone(),
        None => Actor::Link { organisation_id: mailbox.organisation_id },
    };
    let consent_return = ConsentReturn {
        mailbox: &mailbox,
        state_hash: &state_hash,
        pending: &pending,
        claim: claim.as_ref(),
        actor: &actor,
    };
    let problem = consent_return.finish(callback, &state, &visitor).await.err();
    let Some(user) = user else {
        if let (Some(claim), true) = (&claim, problem.is_some()) {
            state.deps.store.release_link(claim).await?;
        }
        let link = pending.link_hash.as_deref().unwrap_or_default();
        return connect_link::after_provider(
            connect_link::ProviderReturn { mailbox: &mailbox, link, problem },
            &headers,
            &state,
            &visitor,
        )
        .await;
    };
    if let Some(problem) = problem {
        return setup::refused(mailbox, problem, &state, &user);
    }
    match mailbox.setup {
        true => redirect(&format!("{}/setup/folders", path(&mailbox.address))),
        false => redirect(&format!("{}?done=consent", path(&mailbox.address))),
    }
}

/// A browser that has returned from the provider, and the mailbox that the consent is for.
struct ConsentReturn<'a> {
    mailbox: &'a Mailbox,
    state_hash: &'a [u8],
    pending: &'a PendingAuth,
    /// The claim on the connect link, if the consent was started through one.
    claim: Option<&'a LinkClaim>,
    actor: &'a Actor,
}

impl ConsentReturn<'_> {
    /// Completes the consent, which the mailbox uses from now on. `Err` says what is wrong, in words.
    async fn finish(&self, callback: Callback, state: &State, visitor: &Visitor) -> Result<(), String> {
        let mailbox = self.mailbox;
        let wrong_state = || Trouble::new(Cause::WrongState).on_page().in_full(visitor.words.language);
        let address: Address = mailbox.address.parse().map_err(|_| wrong_state())?;
        let sealed = state
            .deps
            .vault
            .open(&pending_auth_row(self.state_hash), &self.pending.sealed)
            .map_err(|_| wrong_state())?;
        let consent: SavedConsent = serde_json::from_str(sealed.expose_secret()).map_err(|_| wrong_state())?;
        let key = GrantKey { provider: consent.provider, kind: GrantKind::Delegated, identity: consent.identity };
        let wanted = ConsentRequest { address: &address, key };
        let result = async {
            let tokens = state.deps.tokens();
            let provider = wanted.provider(&tokens).map_err(GrantError::from)?;
            let http = grant::http(&provider, &tokens);
            let endpoint = TokenEndpoint { provider: &provider, http: &http };
            let tokens_given = consent.away.finish(callback, &endpoint).await.map_err(GrantError::from)?;
            wanted.check(&tokens_given, Flow::Code, &endpoint, &tokens).await?;
            // The consent was given for this server and this login name. It is not valid for others.
            if consent.shown != credential_policy::shown(mailbox) {
                return Err(Error::ServerChanged(mailbox.address.clone()));
            }
            let changes = Changes {
                login: Some(NewLogin::OAuth(wanted.key.clone())),
                server: provider_server(mailbox, &wanted.key, state),
                expected_account: Some((mailbox.server.clone(), mailbox.username.clone())),
                needs_consent: Some(false),
                by_link: self.claim.cloned(),
                ..Changes::default()
            };
            let request = Request { before: mailbox, changes, stored_login: StoredLogin::MustBeReplaced };
            let acting = state.acting(self.actor);
            let changed = mailboxes::change(acting, request, Some(state.deps_for_change()), any).await?.mailbox;
            wanted.keep(&tokens_given, Flow::Code, &tokens).await?;
            consents::record(acting, &changed, &wanted.key.identity).await
        };
        result.await.map_err(|error| match error {
            Error::ServerChanged(_) => visitor.words.t("customer-server-changed"),
            Error::LinkInvalid => visitor.words.t("link-invalid-text"),
            Error::Consent(error) => wanted.with_args(error.trouble).on_page().in_full(visitor.words.language),
            error => {
                tracing::error!(?error, mailbox = mailbox.address, "a consent could not be stored");
                visitor.words.t("consent-not-pending")
            }
        })
    }
}
