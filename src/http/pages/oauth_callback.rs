//! The return from an identity provider: the answer is taken once, from the browser that left (RFC 6749 10.12, RFC 9700 4.7).

use axum::extract::{Query, State as FromState};
use axum::http::HeaderMap;
use secrecy::ExposeSecret;

use super::consent::{BROWSER, Gone, home};
use super::{connect_link, setup};
use crate::address::Address;
use crate::app::mailboxes::{self, MovedLogin, Request, credential_policy};
use crate::app::{Actor, Error, any, consents};
use crate::cause::{Cause, Trouble};
use crate::http::State;
use crate::http::page::answer::{Answer, go};
use crate::http::page::error::PageError;
use crate::http::page::guard::cookie;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::{SignedIn, Visitor};
use crate::oauth::{Callback, ConsentRequest, GrantError, TokenEndpoint, grant};
use crate::opaque;
use crate::store::{Changes, Flow, GrantKey, GrantKind, LinkClaim, Mailbox, NewLogin, PendingAuth, pending_auth_row};

/// The browser is back.
pub async fn callback(
    FromState(state): FromState<State>,
    reader: Visitor,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Answer {
    let now = state.deps.clock.now();
    let over = || PageError::Wrong("errand-over");
    let state_hash = callback.state().map(opaque::hash).unwrap_or_default();
    let browser = cookie(&headers, BROWSER).map(opaque::hash).unwrap_or_default();
    let errand = state.deps.store.end_auth(&state_hash, &browser, now).await?.ok_or_else(over)?;
    let mailbox = state.deps.store.mailbox_of_row(errand.mailbox_id.ok_or_else(over)?).await?;
    // Whoever was away may have lost what they were sent with: the right to change it, or the link.
    let mut claim = None;
    let who = match &errand.link_hash {
        Some(link) => {
            claim = state.deps.store.claim_link(link, now).await?;
            if claim.is_none() {
                return connect_link::over(&reader);
            }
            None
        }
        None => {
            let who = SignedIn::new(reader.clone(), reader.person.clone().ok_or(PageError::SignIn)?);
            if !who.may_change() {
                return Err(PageError::Forbidden);
            }
            Some(who)
        }
    };
    let mailbox = match &who {
        Some(who) => who.sees(mailbox)?,
        None => mailbox,
    };
    let actor = match &who {
        Some(who) => who.actor.clone(),
        None => Actor::Link { organisation_id: mailbox.organisation_id },
    };
    let back =
        Back { mailbox: &mailbox, state_hash: &state_hash, errand: &errand, claim: claim.as_ref(), actor: &actor };
    let problem = back.finish(callback, &state, &reader).await.err();
    let Some(who) = who else {
        if let (Some(claim), true) = (&claim, problem.is_some()) {
            state.deps.store.give_link_back(claim).await?;
        }
        let link = errand.link_hash.as_deref().unwrap_or_default();
        return connect_link::back(
            connect_link::Returning { mailbox: &mailbox, link, problem },
            &headers,
            &state,
            &reader,
        )
        .await;
    };
    if let Some(problem) = problem {
        return setup::refused(mailbox, problem, &state, &who);
    }
    match mailbox.setup {
        true => go(&format!("{}/setup/folders", path(&mailbox.address))),
        false => go(&format!("{}?done=consent", path(&mailbox.address))),
    }
}

/// Somebody who is back from the provider.
struct Back<'a> {
    mailbox: &'a Mailbox,
    state_hash: &'a [u8],
    errand: &'a PendingAuth,
    /// The link that they came by.
    claim: Option<&'a LinkClaim>,
    /// Who it is.
    actor: &'a Actor,
}

impl Back<'_> {
    /// Takes the answer, and has the mailbox opened with what was consented to. `Err`: what is wrong, in words.
    async fn finish(&self, callback: Callback, state: &State, reader: &Visitor) -> Result<(), String> {
        let mailbox = self.mailbox;
        let lost = || Trouble::new(Cause::WrongState).on_page().in_full(reader.words.language);
        let address: Address = mailbox.address.parse().map_err(|_| lost())?;
        let sealed =
            state.deps.vault.open(&pending_auth_row(self.state_hash), &self.errand.sealed).map_err(|_| lost())?;
        let gone: Gone = serde_json::from_str(sealed.expose_secret()).map_err(|_| lost())?;
        let key = GrantKey { provider: gone.provider, kind: GrantKind::Delegated, identity: gone.identity };
        let wanted = ConsentRequest { address: &address, key };
        let kept = async {
            let tokens = state.deps.tokens();
            let provider = wanted.provider(&tokens).map_err(GrantError::from)?;
            let http = grant::http(&provider, &tokens);
            let endpoint = TokenEndpoint { provider: &provider, http: &http };
            let given = gone.away.finish(callback, &endpoint).await.map_err(GrantError::from)?;
            wanted.check(&given, Flow::Code, &endpoint, &tokens).await?;
            // Whoever consented saw this server and this login name: if they are others by now, the consent is not for them.
            if gone.shown != credential_policy::shown(mailbox) {
                return Err(Error::Moved(mailbox.address.clone()));
            }
            let changes = Changes {
                login: Some(NewLogin::OAuth(wanted.key.clone())),
                server: home(mailbox, &wanted.key, state),
                given_for: Some((mailbox.server.clone(), mailbox.username.clone())),
                asks_consent: Some(false),
                by_link: self.claim.cloned(),
                ..Changes::default()
            };
            let request = Request { before: mailbox, changes, moved_login: MovedLogin::GivenAnew };
            let acting = state.acting(self.actor);
            let changed = mailboxes::change(acting, request, Some(state.change_deps()), any).await?.mailbox;
            wanted.keep(&given, Flow::Code, &tokens).await?;
            consents::given(acting, &changed, &wanted.key.identity).await
        };
        kept.await.map_err(|error| match error {
            Error::Moved(_) => reader.words.t("customer-server-changed"),
            Error::LinkOver => reader.words.t("link-over-text"),
            Error::Consent(error) => wanted.with_args(error.trouble).on_page().in_full(reader.words.language),
            error => {
                tracing::error!(?error, mailbox = mailbox.address, "a consent could not be kept");
                reader.words.t("errand-over")
            }
        })
    }
}
