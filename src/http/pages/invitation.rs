//! Links for creating an account: the first operator's, and invitations.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use secrecy::SecretString;
use serde::Deserialize;

use crate::app::mailboxes::login_limit::minutes;
use crate::app::{Actor, Error, invitations};
use crate::http::State;
use crate::http::page::answer::{PageResult, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::guard::DEFAULT_ZONE;
use crate::http::page::visitor::Visitor;
use crate::http::pages::login::{self, NewSession};
use crate::store::{Link, LoginLimit, NewPerson, Purpose, Role};
use crate::{opaque, password};

/// The limit on the number of taken names that may be tried with an organisation's invitations: enough for honest mistakes,
/// too few to find out who has an account elsewhere.
const NAME_LIMIT: LoginLimit = LoginLimit { free_failures: 10, max_wait_ms: 24 * 3600 * 1000 };

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    f: Frame,
    is_first: bool,
    role: Role,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "link_invalid.html")]
struct LinkInvalidPage {
    f: Frame,
}

#[derive(Deserialize)]
pub struct InvitationForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    zone: String,
}

/// The role and the organisation that a link gives.
fn membership(link: &Link) -> Option<(Role, Option<i64>)> {
    match link.purpose {
        Purpose::Setup => Some((Role::Operator, None)),
        Purpose::Invite { role, organisation_id } => Some((role, organisation_id)),
        Purpose::Connect { .. } => None,
    }
}

/// The page for the first account.
pub async fn set_up(state: FromState<State>, visitor: Visitor, key: Path<String>) -> PageResult {
    invited(state, visitor, key).await
}

/// The form, or the page for an invalid link.
pub async fn invited(FromState(state): FromState<State>, visitor: Visitor, Path(key): Path<String>) -> PageResult {
    let link = state.deps.store.link(&opaque::hash(&key), state.deps.clock.now()).await?;
    let f = Frame::new(&visitor, "login");
    match link.as_ref().and_then(membership) {
        Some((role, organisation)) => show(&InvitationPage {
            f,
            is_first: organisation.is_none() && role == Role::Operator,
            role,
            name: String::new(),
            problem: None,
        }),
        None => show(&LinkInvalidPage { f }),
    }
}

/// Creates the account and signs in. Claims the link first, so that only one of two users gets an account. The error
/// for a taken name does not say that it is taken, and the number of tries is limited, so that an invitation does not
/// reveal who has an account.
pub async fn accept(
    FromState(state): FromState<State>,
    visitor: Visitor,
    Path(key): Path<String>,
    Form(form): Form<InvitationForm>,
) -> PageResult {
    let (store, now, hash) = (&state.deps.store, state.deps.clock.now(), opaque::hash(&key));
    let link = store.link(&hash, now).await?;
    let Some((role, organisation_id)) = link.as_ref().and_then(membership) else {
        return show(&LinkInvalidPage { f: Frame::new(&visitor, "login") });
    };
    let show_problem = |problem: String| {
        let f = Frame::new(&visitor, "login");
        show_invalid(&InvitationPage {
            f,
            is_first: role == Role::Operator,
            role,
            name: form.name.clone(),
            problem: Some(problem),
        })
    };
    let secret = SecretString::from(form.password.as_str());
    if crate::store::person_name(&form.name).is_err() {
        return show_problem(visitor.words.t("name-wrong"));
    }
    if let Some(weak) = password::weakness(&secret) {
        return show_problem(visitor.words.t(weak));
    }
    if form.password != form.again {
        return show_problem(visitor.words.t("password-differs"));
    }
    let password_hash = password::hash(secret).await.map_err(|error| {
        tracing::error!(%error);
        PageError::Internal
    })?;
    let zone = if jiff::tz::TimeZone::get(&form.zone).is_ok() { form.zone.as_str() } else { DEFAULT_ZONE };
    let language = visitor.words.tag();
    let new =
        NewPerson { name: &form.name, role, organisation_id, password_hash: Some(&password_hash), language, zone };
    let by = link.map(|link| link.created_by).unwrap_or_default();
    match join(&hash, &new, &by, &state).await? {
        Joined::Yes => {}
        Joined::LinkInvalid => return show(&LinkInvalidPage { f: Frame::new(&visitor, "login") }),
        Joined::NameRefused => return show_problem(visitor.words.t("name-refused")),
        Joined::Wait(minutes) => return show_problem(visitor.words.n("login-wait", minutes)),
    }
    let person = store.person(&form.name).await?.ok_or(PageError::Internal)?;
    login::sign_in(&state, &visitor, &person, NewSession { zone, next: "/", now }).await
}

enum Joined {
    Yes,
    /// The link is no longer valid.
    LinkInvalid,
    /// The name is taken, here or in another organisation; the visitor does not learn which.
    NameRefused,
    /// Too many names were tried. Holds the number of minutes to wait.
    Wait(i64),
}

/// Adds the user and uses up the link, atomically.
async fn join(hash: &[u8], new: &NewPerson<'_>, invited_by: &str, state: &State) -> Result<Joined, Error> {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let Some(claim) = store.claim_link(hash, now).await? else { return Ok(Joined::LinkInvalid) };
    let subject = format!("names of {}", new.organisation_id.unwrap_or(0));
    if let Err(wait) = store.count_login(&[(subject.clone(), NAME_LIMIT)], now).await? {
        store.release_link(&claim).await?;
        return Ok(Joined::Wait(minutes(wait)));
    }
    let guest = Actor::Guest { name: crate::store::person_name(new.name).unwrap_or_default() };
    let joined = invitations::accept(state.acting(&guest), &claim, new, invited_by).await;
    if !matches!(joined, Err(Error::Conflict(_))) {
        store.uncount_login(&subject, NAME_LIMIT).await?;
    }
    if joined.is_err() {
        store.release_link(&claim).await?;
    }
    match joined {
        Ok(()) => Ok(Joined::Yes),
        Err(Error::LinkInvalid) => Ok(Joined::LinkInvalid),
        Err(Error::Conflict(_)) => Ok(Joined::NameRefused),
        Err(error) => Err(error),
    }
}
