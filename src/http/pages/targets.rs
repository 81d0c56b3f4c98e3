//! Pages of delivery targets: the form of a new target, and a target with its held mail and its actions.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use secrecy::SecretString;
use serde::Deserialize;

use crate::address::Address;
use crate::app::targets::{self, TargetDeps, TargetRequest, TargetView};
use crate::app::{Error, any, deliveries, inboxes};
use crate::fact::{Fact, Invalid};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::paths;
use crate::http::page::visitor::SignedIn;
use crate::store::{DeliveryFilter, DeliveryLine, DeliveryState};
use crate::target::{MailboxUrl, TargetKind, TargetUrl, WebhookFormat, WhenUnknown};

/// Number of deliveries on a page.
const PAGE: i64 = 50;

/// The form of a target.
#[derive(Deserialize, Default, Clone)]
pub struct TargetForm {
    #[serde(default)]
    url: String,
    #[serde(default)]
    recipient: String,
    #[serde(default)]
    format: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    ca_pem: String,
    #[serde(default)]
    concurrency: String,
    #[serde(default)]
    look_in: String,
    #[serde(default)]
    look_username: String,
    #[serde(default)]
    look_password: String,
    #[serde(default)]
    when_unknown: String,
    #[serde(default)]
    repair_line_ends: Option<String>,
    #[serde(default)]
    only: Option<String>,
    #[serde(default)]
    rate: String,
}

impl TargetForm {
    /// An empty form for a new target.
    fn blank() -> Self {
        Self {
            format: "json".to_owned(),
            concurrency: "1".to_owned(),
            when_unknown: "repeat".to_owned(),
            ..Self::default()
        }
    }

    /// The form filled with a target's settings, without its secrets.
    fn filled(view: &TargetView) -> Self {
        Self {
            url: view.url.clone(),
            recipient: view.recipient.clone().unwrap_or_default(),
            format: view.format.unwrap_or(WebhookFormat::Json).to_string(),
            username: view.username.clone().unwrap_or_default(),
            secret: String::new(),
            ca_pem: String::new(),
            concurrency: view.concurrency.to_string(),
            look_in: view.look_in.clone().unwrap_or_default(),
            look_username: view.look_username.clone().unwrap_or_default(),
            look_password: String::new(),
            when_unknown: view.when_unknown.to_string(),
            repair_line_ends: view.repair_line_ends.then(|| "1".to_owned()),
            only: view.only.then(|| "1".to_owned()),
            rate: view.rate.map(|rate| rate.to_string()).unwrap_or_default(),
        }
    }

    fn without_secrets(self) -> Self {
        Self { secret: String::new(), look_password: String::new(), ..self }
    }

    /// Turns the form into a request. An empty secret, password or CA keeps the stored one.
    fn request(&self) -> Result<TargetRequest, Invalid> {
        let url: TargetUrl = self.url.trim().parse()?;
        let is_webhook = url.kind() == TargetKind::Webhook;
        let recipient = match self.recipient.trim() {
            "" => None,
            text => Some(text.parse::<Address>().map_err(|_| Invalid::Recipient(text.to_owned()))?),
        };
        let look_in = match self.look_in.trim() {
            "" => None,
            text => Some(text.parse::<MailboxUrl>()?),
        };
        let looks = look_in.is_some();
        let concurrency = self.concurrency.trim().parse().unwrap_or(0);
        let rate = Some(self.rate.trim()).filter(|rate| !rate.is_empty()).map(|rate| rate.parse().unwrap_or(0));
        Ok(TargetRequest {
            recipient: (!is_webhook).then_some(recipient),
            format: if is_webhook { WebhookFormat::try_from(self.format.clone()).ok() } else { None },
            username: Some(Some(self.username.trim().to_owned())),
            secret: (!self.secret.is_empty()).then(|| Some(SecretString::from(self.secret.clone()))),
            ca_pem: (!self.ca_pem.trim().is_empty()).then(|| Some(self.ca_pem.clone())),
            concurrency: Some(concurrency),
            look_in: Some(look_in),
            look_username: Some(Some(self.look_username.trim().to_owned()).filter(|_| looks)),
            look_password: Some(&self.look_password)
                .filter(|text| looks && !text.is_empty())
                .map(|text| text.as_str().into()),
            when_unknown: WhenUnknown::try_from(self.when_unknown.clone()).ok(),
            repair_line_ends: Some(self.repair_line_ends.is_some()),
            only: Some(self.only.is_some()),
            rate: Some(rate),
            url: Some(url),
        })
    }
}

#[derive(Template)]
#[template(path = "target_new.html")]
struct NewTargetPage {
    f: Frame,
    inbox: String,
    form: TargetForm,
    has_secret: bool,
    problem: Option<String>,
}

fn deps(state: &State) -> TargetDeps<'_> {
    TargetDeps {
        vault: &state.deps.vault,
        ports: &state.deliver.settings.ports,
        mailbox_ports: &state.settings.mail_ports,
        egress: &state.deps.egress,
    }
}

/// Shows the form of a new target.
pub async fn new(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let inbox = inboxes::find(state.acting(&user.actor), &address).await?.address;
    let f = Frame::new(&user.visitor, "inboxes");
    show(&NewTargetPage { f, inbox, form: TargetForm::blank(), has_secret: false, problem: None })
}

/// Adds a target.
pub async fn add(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<TargetForm>,
) -> PageResult {
    let acting = state.acting(&user.actor);
    let inbox = inboxes::find(acting, &address).await?.address;
    let language = user.visitor.words.language;
    let parsed: Address = inbox.parse().map_err(|_| PageError::Internal)?;
    let added = match form.request() {
        Ok(request) => targets::add(acting, &parsed, request, deps(&state)).await,
        Err(why) => Err(invalid(why)),
    };
    match added {
        Ok(target) => redirect(&format!("{}?done=target-added", paths::target(target.id))),
        Err(error) => {
            let problem = Some(problem(error, language)?);
            let f = Frame::new(&user.visitor, "inboxes");
            let form = form.without_secrets();
            show_invalid(&NewTargetPage { f, inbox, form, has_secret: false, problem })
        }
    }
}

fn invalid(why: Invalid) -> Error {
    Error::Invalid(crate::app::mailboxes::settings::InvalidField { part: "url", why })
}

/// Returns the sentence that the form shows for an error.
fn problem(error: Error, language: crate::locale::Language) -> Result<String, PageError> {
    match error {
        Error::Invalid(wrong) => Ok(wrong.why.on_page(language)),
        Error::Conflict(conflict) => Ok(conflict.on_page(language)),
        Error::Refused(crate::app::mailboxes::Refused::LoginRequired(_)) => {
            Ok(crate::fact::Text::new("target-secret-again").words(language))
        }
        error => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "target.html")]
struct TargetPage {
    f: Frame,
    view: TargetView,
    held: Vec<DeliveryLine>,
    recent: Vec<DeliveryLine>,
    older: Option<i64>,
    form: TargetForm,
    has_secret: bool,
    problem: Option<String>,
    /// The result of a test: the answer, or the problem.
    tested: Option<Result<String, String>>,
}

impl TargetPage {
    fn path(&self) -> String {
        paths::target(self.view.id)
    }

    /// The target's state, as the last part of a text id.
    fn state(&self) -> &'static str {
        match &self.view {
            view if !view.in_use => "unused",
            view if view.paused => "paused",
            view if view.failures > 0 => "failing",
            _ => "ok",
        }
    }

    /// The progress through a backlog, as a sentence.
    fn progress(&self, progress: &crate::fact::CatchUp) -> String {
        progress.on_page(self.f.w.language)
    }

    /// Why the target or a delivery failed, as a sentence.
    fn why(&self, problem: &crate::fact::StoredFact<crate::fact::DeliveryProblem>) -> String {
        problem.on_page(self.f.w.language)
    }
}

/// The submitted form and results to show on the page of a target.
#[derive(Default)]
struct PageInput {
    form: Option<TargetForm>,
    problem: Option<String>,
    tested: Option<Result<String, String>>,
    before: Option<i64>,
}

async fn target_page(state: &State, user: &SignedIn, id: i64, input: PageInput) -> Result<TargetPage, PageError> {
    let acting = state.acting(&user.actor);
    let view = targets::view(acting, id).await?;
    let of_target = DeliveryFilter { target: Some(id), ..DeliveryFilter::default() };
    let in_state = |in_state| DeliveryFilter { state: Some(in_state), ..of_target };
    let held = deliveries::list(acting, in_state(DeliveryState::Held), None, PAGE).await?;
    let recent = deliveries::list(acting, of_target, input.before, PAGE).await?;
    let is_full = i64::try_from(recent.len()).is_ok_and(|count| count == PAGE);
    Ok(TargetPage {
        f: Frame::new(&user.visitor, "inboxes"),
        form: input.form.unwrap_or_else(|| TargetForm::filled(&view)),
        has_secret: view.has_secret,
        older: recent.last().filter(|_| is_full).map(|delivery| delivery.id),
        held,
        recent,
        view,
        problem: input.problem,
        tested: input.tested,
    })
}

#[derive(Deserialize)]
pub struct TargetQuery {
    /// Only deliveries with a lower number than this are shown.
    #[serde(default)]
    before: Option<i64>,
}

/// Shows a target.
pub async fn page(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<TargetQuery>,
) -> PageResult {
    show(&target_page(&state, &user, id, PageInput { before: query.before, ..PageInput::default() }).await?)
}

/// Changes a target.
pub async fn set(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<TargetForm>,
) -> PageResult {
    let acting = state.acting(&user.actor);
    targets::find(acting, id).await?;
    let changed = match form.request() {
        Ok(request) => targets::change(acting, id, request, deps(&state), any).await,
        Err(why) => Err(invalid(why)),
    };
    match changed {
        Ok(_) => redirect(&format!("{}?done=saved", paths::target(id))),
        Err(error) => {
            let problem = Some(problem(error, user.visitor.words.language)?);
            let form = Some(form.without_secrets());
            show_invalid(&target_page(&state, &user, id, PageInput { form, problem, ..PageInput::default() }).await?)
        }
    }
}

/// Tests a target.
pub async fn test(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    let language = user.visitor.words.language;
    let tested = targets::test(state.acting(&user.actor), id, &state.deliver).await?;
    let tested = tested.map_err(|problem| problem.on_page(language));
    show(&target_page(&state, &user, id, PageInput { tested: Some(tested), ..PageInput::default() }).await?)
}

/// Pauses a target.
pub async fn pause(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    targets::pause(state.acting(&user.actor), id, true).await?;
    redirect(&format!("{}?done=target-paused", paths::target(id)))
}

/// Resumes a target.
pub async fn resume(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    targets::pause(state.acting(&user.actor), id, false).await?;
    redirect(&format!("{}?done=target-resumed", paths::target(id)))
}

/// Removes a target, with the deliveries that wait or are held if the form says so.
pub async fn remove(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<HashMap<String, String>>,
) -> PageResult {
    let acting = state.acting(&user.actor);
    let target = targets::find(acting, id).await?;
    match targets::remove(acting, id, form.contains_key("with_undelivered"), any).await {
        Ok(()) => {
            let inbox = target.inbox.as_deref().map_or_else(|| "/inboxes".to_owned(), paths::inbox);
            redirect(&format!("{inbox}?done=target-removed"))
        }
        Err(Error::Conflict(conflict)) => {
            let problem = Some(conflict.on_page(user.visitor.words.language));
            show_invalid(&target_page(&state, &user, id, PageInput { problem, ..PageInput::default() }).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends all held deliveries of a target again.
pub async fn retry_held(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    deliveries::retry_held(state.acting(&user.actor), id).await?;
    redirect(&format!("{}?done=delivery-retried", paths::target(id)))
}

/// Drops all held deliveries of a target.
pub async fn drop_held(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    deliveries::drop_held(state.acting(&user.actor), id).await?;
    redirect(&format!("{}?done=delivery-dropped", paths::target(id)))
}

/// Sends a delivery again.
pub async fn retry(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    let delivery = deliveries::retry(state.acting(&user.actor), id).await?;
    redirect(&format!("{}?done=delivery-retried", paths::target(delivery.target)))
}

/// Drops a delivery.
pub async fn drop(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    let delivery = deliveries::drop_delivery(state.acting(&user.actor), id).await?;
    redirect(&format!("{}?done=delivery-dropped", paths::target(delivery.target)))
}
