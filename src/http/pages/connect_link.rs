//! The page behind a connect link. The customer's IT staff enter a mailbox's password or give consent. They need no
//! account here, and the helpdesk never sees the password.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse};
use secrecy::SecretString;
use serde::Deserialize;

use super::consent::{self, ConsentForm};
use super::inspect_failure::server_failure;
use super::login_form::{mail_password, registered_providers};
use crate::app::mailboxes::inspect;
use crate::app::mailboxes::settings::password_change;
use crate::app::mailboxes::{self, Request, StoredLogin, credential_policy};
use crate::app::{Actor, Error, any};
use crate::http::State;
use crate::http::page::answer::{PageResult, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::guard::{cookie, set_cookie};
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::Visitor;
use crate::opaque;
use crate::store::{Changes, LinkClaim, Login, Mailbox, Purpose, Scope, StoreError, password_row};

/// The cookie that keeps the link's key in the browser while the customer is at the provider.
const LINK_COOKIE: &str = "__Host-link";

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    f: Frame,
    /// The path that the forms are sent to. After the return from the provider, the page is shown under a different URL.
    path: String,
    mailbox: Mailbox,
    /// Who created the link.
    asked_by: String,
    registered_providers: Vec<String>,
    /// The registered provider that the mailbox's server belongs to.
    usual: Option<String>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "customer_done.html")]
struct DonePage {
    f: Frame,
    mailbox: Mailbox,
}

#[derive(Template)]
#[template(path = "link_invalid.html")]
struct LinkInvalidPage {
    f: Frame,
}

#[derive(Deserialize)]
pub struct CustomerForm {
    /// The server that the page showed when the form was filled in.
    #[serde(default)]
    server: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    identity: String,
}

/// The mailbox of a valid link, and who created the link.
async fn open(hash: &[u8], state: &State) -> Result<Option<(Mailbox, String)>, PageError> {
    let link = state.deps.store.link(hash, state.deps.clock.now()).await?;
    match link.map(|link| (link.purpose, link.created_by)) {
        Some((Purpose::Connect { mailbox_id }, by)) => {
            Ok(Some((state.deps.store.mailbox_by_id(mailbox_id).await?, by)))
        }
        _ => Ok(None),
    }
}

fn customer_page(
    key: &str,
    (mailbox, asked_by): (Mailbox, String),
    problem: Option<String>,
    state: &State,
    visitor: &Visitor,
) -> CustomerPage {
    let usual = state.deps.oauth.registered_for_host(&mailbox.server.host).map(str::to_owned);
    let path = format!("/customer/{key}");
    CustomerPage {
        f: Frame::new(visitor, "login"),
        path,
        mailbox,
        asked_by,
        registered_providers: registered_providers(state),
        usual,
        problem,
    }
}

/// The page for an invalid link.
pub fn link_invalid(visitor: &Visitor) -> PageResult {
    show(&LinkInvalidPage { f: Frame::new(visitor, "login") })
}

pub async fn page(FromState(state): FromState<State>, visitor: Visitor, Path(key): Path<String>) -> PageResult {
    match open(&opaque::hash(&key), &state).await? {
        Some(link) => show(&customer_page(&key, link, None, &state, &visitor)),
        None => link_invalid(&visitor),
    }
}

/// Tries and stores a password, or redirects to the provider.
pub async fn submit(
    FromState(state): FromState<State>,
    visitor: Visitor,
    Path(key): Path<String>,
    Form(form): Form<CustomerForm>,
) -> PageResult {
    let hash = opaque::hash(&key);
    let Some((mailbox, by)) = open(&hash, &state).await? else {
        return link_invalid(&visitor);
    };
    // The credentials are only for the server that was shown.
    if form.server != credential_policy::shown(&mailbox) {
        let problem = Some(visitor.words.t("customer-server-changed"));
        return show_invalid(&customer_page(&key, (mailbox, by), problem, &state, &visitor));
    }
    if !form.provider.is_empty() {
        let request = ConsentForm { provider: form.provider, identity: form.identity };
        let scope = Scope::Organisation(mailbox.organisation_id);
        return match consent::requested_grant(&mailbox, &request, scope, &state) {
            Ok(grant) => {
                let redirect = consent::send_to_provider(&mailbox, grant, Some(hash), &state, &visitor).await?;
                Ok((AppendHeaders([set_cookie(LINK_COOKIE, &key, Some(consent::PENDING_SECONDS))]), redirect)
                    .into_response())
            }
            Err(name) => {
                show_invalid(&customer_page(&key, (mailbox, by), Some(visitor.words.t(name)), &state, &visitor))
            }
        };
    }
    let password = match mail_password(&form.password) {
        Ok(password) => password,
        Err(name) => {
            return show_invalid(&customer_page(&key, (mailbox, by), Some(visitor.words.t(name)), &state, &visitor));
        }
    };
    // Claim the link before trying the password: if two customers submit at once, one of them has to wait.
    let Some(claim) = state.deps.store.claim_link(&hash, state.deps.clock.now()).await? else {
        let problem = Some(visitor.words.t("customer-link-busy"));
        return match open(&hash, &state).await? {
            Some(link) => show_invalid(&customer_page(&key, link, problem, &state, &visitor)),
            None => link_invalid(&visitor),
        };
    };
    // Spawn the work, so that the claim is always resolved, even if the customer disconnects.
    let work = {
        let (state, visitor, mailbox) = (state.clone(), visitor.clone(), mailbox.clone());
        async move { try_and_store(&mailbox, password, &claim, &state, &visitor).await }
    };
    match tokio::spawn(work).await.map_err(|_| PageError::Internal)?? {
        PasswordOutcome::Stored => done_page(&mailbox, &visitor),
        PasswordOutcome::LinkOver => link_invalid(&visitor),
        PasswordOutcome::Rejected(problem) => {
            show_invalid(&customer_page(&key, (mailbox, by), Some(problem), &state, &visitor))
        }
    }
}

/// The result of submitting a password.
enum PasswordOutcome {
    Stored,
    /// The link was revoked or expired during the login.
    LinkOver,
    /// Why the password was not stored, in words.
    Rejected(String),
}

/// Tries a password, and stores it if it works and the link is still valid. A password that does not work is not stored;
/// the customer sees at once that it failed, but no details of our network.
async fn try_and_store(
    mailbox: &Mailbox,
    password: SecretString,
    claim: &LinkClaim,
    state: &State,
    visitor: &Visitor,
) -> Result<PasswordOutcome, PageError> {
    let sealed = state.deps.vault.seal(&password_row(mailbox.id), &password).map_err(StoreError::from)?;
    let trial = Mailbox { login: Login::Password(Some(sealed)), ..mailbox.clone() };
    let actor = Actor::Link { organisation_id: mailbox.organisation_id };
    let outcome = match try_login(&trial, &actor, state, visitor).await {
        Ok(Ok(())) => {
            let changes = Changes { by_link: Some(claim.clone()), ..password_change(mailbox, password) };
            let request = Request { before: mailbox, changes, stored_login: StoredLogin::MustBeReplaced };
            match mailboxes::change(state.acting(&actor), request, Some(state.deps_for_change()), any).await {
                Ok(_) => return Ok(PasswordOutcome::Stored),
                Err(Error::LinkInvalid) => Ok(PasswordOutcome::LinkOver),
                Err(Error::ServerChanged(_)) => {
                    Ok(PasswordOutcome::Rejected(visitor.words.t("customer-server-changed")))
                }
                Err(error) => Err(error.into()),
            }
        }
        Ok(Err(problem)) => Ok(PasswordOutcome::Rejected(problem)),
        Err(fault) => Err(fault),
    };
    state.deps.store.release_link(claim).await?;
    outcome
}

/// Tries to log in. The inner `Err` is the reason for a failure, in words.
async fn try_login(
    trial: &Mailbox,
    actor: &Actor,
    state: &State,
    visitor: &Visitor,
) -> Result<Result<(), String>, PageError> {
    let words = &visitor.words;
    match inspect::folders(state.inspector(actor), trial).await {
        Ok(_) => Ok(Ok(())),
        Err(Error::LoginRateLimited(minutes)) => Ok(Err(words.n("mailbox-wait", minutes))),
        Err(error) => {
            let error = LastError::from_poll_error(&server_failure(error, state)?);
            Ok(Err(format!("{} {}", error.brief(words), words.t("customer-again"))))
        }
    }
}

/// The outcome of a consent that was begun at a connect link.
pub struct ProviderReturn<'a> {
    /// The mailbox that the consent is for.
    pub mailbox: &'a Mailbox,
    /// The hash of the link's key.
    pub link: &'a [u8],
    /// Why the consent failed, in words.
    pub problem: Option<String>,
}

/// Shows the result after the return from the provider. The link's key is read from the browser's cookie, because we store
/// only its hash.
pub async fn after_provider(
    outcome: ProviderReturn<'_>,
    headers: &HeaderMap,
    state: &State,
    visitor: &Visitor,
) -> PageResult {
    let ProviderReturn { mailbox, link, problem } = outcome;
    let Some(problem) = problem else { return done_page(mailbox, visitor) };
    let key = cookie(headers, LINK_COOKIE).filter(|key| opaque::hash(key) == link);
    match (key, open(link, state).await?) {
        (Some(key), Some(link)) => show_invalid(&customer_page(key, link, Some(problem), state, visitor)),
        _ => link_invalid(visitor),
    }
}

/// The page for a link that has been used successfully.
fn done_page(mailbox: &Mailbox, visitor: &Visitor) -> PageResult {
    show(&DonePage { f: Frame::new(visitor, "login"), mailbox: mailbox.clone() })
}
