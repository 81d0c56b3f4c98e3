//! Inboxes: their mailboxes and routes, the reply address, and their messages.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use serde::Deserialize;

use crate::address::Address;
use crate::app::inboxes::{self, InboxChanges, WantedInbox};
use crate::app::organisations::Owner;
use crate::app::targets::{self as app_targets, TargetView};
use crate::app::{Error, any, routes};
use crate::fact::Conflict;
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::paths::inbox as path;
use crate::http::page::visitor::SignedIn;
use crate::store::{Inbox, InboxOverview, MessageLine, Organisation};

/// Messages on one page.
const PAGE_SIZE: i64 = 50;
/// Inboxes on one page.
const INBOXES_PER_PAGE: i64 = 100;

#[derive(Template)]
#[template(path = "inboxes.html")]
struct InboxesPage {
    f: Frame,
    inboxes: Vec<InboxOverview>,
    /// The address of the last inbox on this page, after which the next page begins; `None` on the last page.
    more: Option<String>,
    is_first: bool,
    organisations: Vec<Organisation>,
    form: InboxForm,
    problem: Option<String>,
}

#[derive(Deserialize, Default, Clone)]
pub struct InboxForm {
    #[serde(default)]
    address: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    reply_from: String,
    #[serde(default)]
    organisation: String,
}

async fn list_page(
    state: &State,
    user: &SignedIn,
    form: InboxForm,
    problem: Option<String>,
    after: Option<&str>,
) -> Result<InboxesPage, PageError> {
    let f = Frame::new(&user.visitor, "inboxes");
    let organisations = if f.is_operator() { state.deps.store.organisations().await? } else { Vec::new() };
    let mut inboxes = state.deps.store.inbox_page(user.scope(), after, INBOXES_PER_PAGE + 1).await?;
    let has_more = i64::try_from(inboxes.len()).is_ok_and(|count| count > INBOXES_PER_PAGE);
    if has_more {
        inboxes.pop();
    }
    let more = inboxes.last().filter(|_| has_more).map(|last| last.inbox.address.clone());
    Ok(InboxesPage { f, inboxes, more, is_first: after.is_none(), organisations, form, problem })
}

/// Lists the inboxes.
pub async fn list(FromState(state): FromState<State>, user: SignedIn, Query(query): Query<InboxesQuery>) -> PageResult {
    show(&list_page(&state, &user, InboxForm::default(), None, query.after.as_deref()).await?)
}

#[derive(Deserialize)]
pub struct InboxesQuery {
    #[serde(default)]
    after: Option<String>,
}

fn optional_address(text: &str) -> Result<Option<Address>, &'static str> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| "fault-address"),
    }
}

fn optional_name(text: &str) -> Option<String> {
    let name: String = text.trim().chars().filter(|c| !c.is_control()).take(200).collect();
    (!name.is_empty()).then_some(name)
}

/// Adds an inbox.
pub async fn add(FromState(state): FromState<State>, user: SignedIn, Form(form): Form<InboxForm>) -> PageResult {
    let parsed = (form.address.parse::<Address>(), optional_address(&form.reply_from));
    let (Ok(address), Ok(reply_from)) = parsed else {
        let problem = Some(user.visitor.words.t("fault-address"));
        return show_invalid(&list_page(&state, &user, form, problem, None).await?);
    };
    let owner = match (user.person.organisation_id, form.organisation.trim()) {
        (Some(_), _) | (None, "") => Owner::Own,
        (None, name) => Owner::NamedOrNew(name.to_owned()),
    };
    let wanted = WantedInbox { address, name: optional_name(&form.name), reply_from, owner };
    match inboxes::add(state.acting(&user.actor), wanted).await {
        Ok(inbox) => redirect(&format!("{}?done=inbox-added", path(&inbox.address))),
        Err(Error::Conflict(Conflict::InboxExists(_) | Conflict::AddressTaken)) => {
            let problem = Some(user.visitor.words.t("inbox-taken"));
            show_invalid(&list_page(&state, &user, form, problem, None).await?)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    f: Frame,
    overview: InboxOverview,
    messages: Vec<MessageLine>,
    /// The delivery targets of this inbox.
    targets: Vec<TargetView>,
    older: Option<i64>,
    is_first: bool,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct InboxQuery {
    /// Only messages with a lower number than this are shown.
    #[serde(default)]
    before: Option<i64>,
}

/// The inbox with this address, if the user may see it.
async fn find_inbox(address: &str, state: &State, user: &SignedIn) -> Result<Inbox, PageError> {
    Ok(inboxes::find(state.acting(&user.actor), address).await?)
}

fn parsed_address(inbox: &Inbox) -> Result<Address, PageError> {
    inbox.address.parse().map_err(|_| PageError::Internal)
}

async fn inbox_page(
    state: &State,
    user: &SignedIn,
    inbox: Inbox,
    before: Option<i64>,
    problem: Option<String>,
) -> Result<InboxPage, PageError> {
    let address = parsed_address(&inbox)?;
    let messages = state.deps.store.newest_messages(inbox.id, before, PAGE_SIZE).await?;
    let is_full = i64::try_from(messages.len()).is_ok_and(|count| count == PAGE_SIZE);
    let mut targets = Vec::new();
    for target in app_targets::list(state.acting(&user.actor), Some(&address)).await? {
        targets.push(app_targets::with_counts(state.acting(&user.actor), target).await?);
    }
    Ok(InboxPage {
        targets,
        f: Frame::new(&user.visitor, "inboxes"),
        older: messages.last().filter(|_| is_full).map(|message| message.id),
        overview: state.deps.store.inbox_overview(&address).await?,
        messages,
        is_first: before.is_none(),
        problem,
    })
}

/// Shows one inbox.
pub async fn page(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Query(query): Query<InboxQuery>,
) -> PageResult {
    let inbox = find_inbox(&address, &state, &user).await?;
    show(&inbox_page(&state, &user, inbox, query.before, None).await?)
}

/// Changes name and reply address.
pub async fn set(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<InboxForm>,
) -> PageResult {
    let inbox = find_inbox(&address, &state, &user).await?;
    let Ok(reply_from) = optional_address(&form.reply_from) else {
        let problem = Some(user.visitor.words.t("fault-address"));
        return show_invalid(&inbox_page(&state, &user, inbox, None, problem).await?);
    };
    let changes = InboxChanges { name: Some(optional_name(&form.name)), reply_from: Some(reply_from) };
    inboxes::change(state.acting(&user.actor), &parsed_address(&inbox)?, changes, any).await?;
    redirect(&format!("{}?done=saved", path(&inbox.address)))
}

#[derive(Deserialize)]
pub struct RouteForm {
    #[serde(default)]
    recipient: String,
}

/// Routes a recipient's mail to this inbox.
pub async fn add_route(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<RouteForm>,
) -> PageResult {
    let inbox = find_inbox(&address, &state, &user).await?;
    let Ok(recipient) = form.recipient.parse::<Address>() else {
        let problem = Some(user.visitor.words.t("fault-address"));
        return show_invalid(&inbox_page(&state, &user, inbox, None, problem).await?);
    };
    routes::add(state.acting(&user.actor), &recipient, &parsed_address(&inbox)?).await?;
    redirect(&format!("{}?done=saved", path(&inbox.address)))
}

/// Removes a route.
pub async fn remove_route(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<RouteForm>,
) -> PageResult {
    let inbox = find_inbox(&address, &state, &user).await?;
    let recipient: Address = form.recipient.parse().map_err(|_| PageError::NotFound)?;
    routes::remove(state.acting(&user.actor), &recipient, Some(&parsed_address(&inbox)?)).await?;
    redirect(&format!("{}?done=saved", path(&inbox.address)))
}
