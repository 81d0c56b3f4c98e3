//! A look at the customer's server: which folders there are, and what can be done with a copy.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::seen;
use crate::app::mailboxes::guesses::{Limited, within};
use crate::http::State;
use crate::http::api::body::{Asked, InPath};
use crate::http::api::caller::Caller;
use crate::http::api::cursor::Page;
use crate::http::api::problem::{Answer, Refusal, inside};
use crate::http::last_error::LastError;
use crate::http::words::Words;
use crate::locale::Language;
use crate::mailbox::folder_name;
use crate::poll::capabilities::{Ability, abilities};
use crate::poll::folders::{FolderOffer, folders as folders_of};
use crate::poll::{Blame, PollError};
use crate::store::Mailbox;

/// In which folder.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EffectsQuery {
    /// The folder [default: the first that is polled].
    #[param(max_length = 1000, example = "INBOX")]
    folder: Option<String>,
}

/// What programs are told in.
pub fn english(state: &State) -> Words {
    Words::new(Language::English, "UTC", state.deps.clock.now())
}

/// Its server asked for peace, and is left alone.
///
/// # Errors
/// Until when.
pub fn not_held(mailbox: &Mailbox, state: &State) -> Result<(), Refusal> {
    match mailbox.held_until(state.deps.clock.now()) {
        Some(until) => Err(Refusal::Conflict(format!("its server told us to stay away until {until}"))),
        None => Ok(()),
    }
}

/// Logins have failed too often.
pub fn wait(minutes: i64, state: &State) -> Refusal {
    Refusal::Conflict(english(state).n("mailbox-wait", minutes))
}

/// Does what logs in to a mailbox.
///
/// # Errors
/// It is not the time for that, or it went wrong there; in words that the caller may read.
pub async fn looked<T>(
    mailbox: &Mailbox,
    caller: &Caller,
    state: &State,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<T, Refusal> {
    not_held(mailbox, state)?;
    match within(mailbox, &state.deps, work).await? {
        Limited::Wait(minutes) => Err(wait(minutes, state)),
        Limited::Done(Ok(found)) => Ok(found),
        Limited::Done(Err(error)) if error.blame == Blame::Us && error.trouble.is_none() => Err(inside(&error)),
        Limited::Done(Err(error)) => {
            let error = LastError::of(&error).for_reader(caller.scope());
            Err(Refusal::Conflict(error.in_full(&english(state))))
        }
    }
}

/// The folders of the account, with their mails as far as they could be counted in a minute. None is opened.
#[utoipa::path(get, path = "/mailboxes/{address}/folders", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "All of them, on one page", body = Page<FolderOffer>)))]
pub async fn folders(FromState(state): FromState<State>, caller: Caller, InPath(address): InPath<String>) -> Answer {
    let (_, mailbox) = seen(&address, &caller, &state).await?;
    let work = state.visits.visit(&mailbox, |mailbox, deps| async move { folders_of(&mailbox, &deps).await });
    let items = looked(&mailbox, &caller, &state, work).await?;
    Ok(Json(Page { items, next: None }).into_response())
}

/// What can happen to the customer's copy on this server. The folder is opened read-only.
#[utoipa::path(get, path = "/mailboxes/{address}/effects", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address"), EffectsQuery),
    responses((status = 200, description = "Each of them, on one page", body = Page<Ability>)))]
pub async fn effects(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(address): InPath<String>,
    Asked(asked): Asked<EffectsQuery>,
) -> Answer {
    let (_, mailbox) = seen(&address, &caller, &state).await?;
    let folder = match &asked.folder {
        Some(name) => folder_name(name).map_err(|_| Refusal::Bad("folder cannot be a folder's name".to_owned()))?,
        None => mailbox.folders.first().cloned().unwrap_or_else(|| "INBOX".to_owned()),
    };
    let work = state.visits.visit(&mailbox, |mailbox, deps| async move { abilities(&mailbox, &deps, &folder).await });
    let items = looked(&mailbox, &caller, &state, work).await?;
    Ok(Json(Page { items, next: None }).into_response())
}
