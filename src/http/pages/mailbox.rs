//! The page of one mailbox: whether mail arrives and, if it does not, the problem and its remedy.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use serde::Deserialize;

use crate::address::Address;
use crate::app::mailboxes::inspect::{self, CheckOptions, Checked};
use crate::app::mailboxes::settings::password_change;
use crate::app::mailboxes::{self, Request, StoredLogin, credential_policy};
use crate::app::{Error, any, ledger, links};
use crate::clock::Timestamp;
use crate::fact::{Backlog, BothWays, Conflict, Fact};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show};
use crate::http::page::chart::BarChart;
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::mailbox::AfterImport;
use crate::poll::check::CheckLine;
use crate::store::{LedgerLine, Login, Mailbox, MailboxLine, OpenCases, QuarantineFilter, UidState};

/// Days in the charts.
const CHART_DAYS: i64 = 30;
/// Polls in the list.
const POLLS_SHOWN: i64 = 15;
/// Ledger lines on one page.
const LEDGER_LINES: i64 = 100;
const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    f: Frame,
    mailbox: Mailbox,
    line: MailboxLine,
    error: Option<LastError>,
    both_ways: Option<BothWays>,
    cases: OpenCases,
    backlog: Option<Backlog>,
    polls: Vec<PollRow>,
    mail_plot: BarChart,
    poll_plot: BarChart,
    quarantined_mails: Vec<LedgerLine>,
    /// When the unused connect link expires, if there is one.
    link_until: Option<Timestamp>,
    /// The connect link, if it was just created.
    link: Option<String>,
    check: Option<Vec<CheckLine>>,
}

/// A poll that imported something or failed.
struct PollRow {
    at: Timestamp,
    imported: i64,
    skipped: i64,
    quarantined: i64,
    error: Option<LastError>,
    notes: Vec<String>,
}

impl MailboxPage {
    /// The progress through a backlog, as a sentence.
    fn progress(&self, backlog: &Backlog) -> String {
        backlog.on_page(self.f.w.language)
    }

    /// How many of the latest mails arrived both by polling and by forwarding, as a sentence.
    fn ways(&self, ways: &BothWays) -> String {
        ways.on_page(self.f.w.language)
    }

    /// Whether the mailbox is opened with OAuth tokens.
    fn is_oauth(&self) -> bool {
        matches!(self.mailbox.login, Login::OAuth { .. })
    }

    /// The provider's name in the configuration.
    fn provider(&self) -> &str {
        match &self.mailbox.login {
            Login::OAuth { key, .. } => &key.provider,
            Login::Password(_) => "",
        }
    }

    /// The account that has consented or has been asked to consent.
    fn identity(&self) -> &str {
        match &self.mailbox.login {
            Login::OAuth { key, .. } => &key.identity,
            Login::Password(_) => "",
        }
    }

    /// Whether Mailferry changes nothing in the customer's mailbox.
    fn leaves_copies(&self) -> bool {
        self.mailbox.after_import == AfterImport::Leave
    }

    /// When Mailferry last changed a copy, or when the mailbox was added.
    fn unchanged_since(&self) -> Timestamp {
        self.mailbox.copy_changed_at.unwrap_or(self.mailbox.added_at)
    }

    fn path(&self) -> String {
        path(&self.mailbox.address)
    }
}

/// The mailbox with this address, if the user may see it.
pub async fn find_mailbox(address: &str, state: &State, user: &SignedIn) -> Result<Mailbox, PageError> {
    Ok(mailboxes::find(state.acting(&user.actor), address).await?)
}

pub async fn page(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    if mailbox.setup && user.may_change() {
        return redirect(&format!("{}/setup/server", path(&mailbox.address)));
    }
    render(mailbox, &state, &user, None, None).await
}

async fn render(
    mailbox: Mailbox,
    state: &State,
    user: &SignedIn,
    check: Option<Vec<CheckLine>>,
    link: Option<String>,
) -> PageResult {
    let (store, w) = (&state.deps.store, &user.visitor.words);
    let line = store.mailbox_line(mailbox.id, w.today(), w.now).await?.ok_or(PageError::NotFound)?;
    let today = w.day(w.now);
    let since = Timestamp((today - CHART_DAYS - 1) * DAY_MS);
    let mut by_day = BTreeMap::<i64, i64>::new();
    for (quarter, count) in store.mails_by_quarter_hour(&mailbox, since).await? {
        *by_day.entry(w.day(quarter)).or_default() += count;
    }
    let mail_plot: Vec<_> = by_day.into_iter().map(|(day, count)| (day, count, 0)).collect();
    let poll_plot = store.polls_by_day(mailbox.id, w.now.day() - CHART_DAYS).await?;
    let quarantined_mails = store.retryable_quarantine(mailbox.id, 20).await?;
    let cases = store.open_cases(mailbox.id).await?;
    let page = MailboxPage {
        f: Frame::new(&user.visitor, "mailboxes"),
        error: line.last_error.as_deref().map(|json| LastError::from_json(json).for_scope(user.scope())),
        backlog: cases.backlog(&mailbox, w.now),
        cases,
        both_ways: store.both_ways(&mailbox).await?,
        polls: polls(&mailbox, state, user).await?,
        mail_plot: BarChart::new(w.t("chart-mails"), w, CHART_DAYS, today, &mail_plot),
        poll_plot: BarChart::new(w.t("chart-fetches"), w, CHART_DAYS, w.now.day(), &poll_plot),
        quarantined_mails,
        link_until: store.open_connect_link(mailbox.id, w.now).await?,
        link,
        check,
        line,
        mailbox,
    };
    show(&page)
}

async fn polls(mailbox: &Mailbox, state: &State, user: &SignedIn) -> Result<Vec<PollRow>, PageError> {
    let recent = state.deps.store.recent_polls(mailbox.id, POLLS_SHOWN).await?;
    Ok(recent
        .into_iter()
        .map(|(at, report, notes)| {
            let report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
            let number = |name: &str| report.get(name).and_then(serde_json::Value::as_i64).unwrap_or(0);
            let error = report.get("error").filter(|error| error.is_object());
            PollRow {
                at,
                imported: number("imported"),
                skipped: number("skipped"),
                quarantined: number("quarantined"),
                error: error.map(|error| LastError::from_report(error).for_scope(user.scope())),
                notes: notes.each(|notice| user.visitor.words.fact(notice)),
            }
        })
        .collect())
}

/// Pauses the mailbox.
pub async fn pause(state: FromState<State>, user: SignedIn, address: Path<String>) -> PageResult {
    set_paused(state, user, address, true).await
}

/// Resumes the mailbox.
pub async fn resume(state: FromState<State>, user: SignedIn, address: Path<String>) -> PageResult {
    set_paused(state, user, address, false).await
}

async fn set_paused(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    paused: bool,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    if mailbox.setup {
        return redirect(&format!("{}/setup/trial", path(&mailbox.address)));
    }
    let at: Address = mailbox.address.parse().map_err(|_| PageError::Internal)?;
    mailboxes::pause(state.acting(&user.actor), &at, paused).await?;
    redirect(&format!("{}?done={}", path(&mailbox.address), if paused { "paused" } else { "resumed" }))
}

/// Schedules a poll now.
pub async fn poll(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let done = match mailboxes::poll_soon(state.acting(&user.actor), &mailbox).await {
        Ok(()) => "poll",
        Err(Error::Conflict(_)) => "poll-waits",
        Err(error) => return Err(error.into()),
    };
    redirect(&format!("{}?done={done}", path(&mailbox.address)))
}

#[derive(Deserialize)]
pub struct MailboxPasswordForm {
    /// The server that the page showed when the form was filled in.
    #[serde(default)]
    server: String,
    #[serde(default)]
    password: String,
}

/// Replaces the password.
pub async fn password(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<MailboxPasswordForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let password = super::login_form::mail_password(&form.password).map_err(PageError::BadRequest)?;
    if form.server != credential_policy::shown(&mailbox) {
        return Err(PageError::BadRequest("customer-server-changed"));
    }
    let request = Request {
        before: &mailbox,
        changes: password_change(&mailbox, password),
        stored_login: StoredLogin::MustBeReplaced,
    };
    mailboxes::change(state.acting(&user.actor), request, Some(state.deps_for_change()), any).await?;
    redirect(&format!("{}?done=password-mailbox", path(&mailbox.address)))
}

/// Checks the connection step by step, and diagnoses a failure.
pub async fn check(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let options = CheckOptions { as_polled: false, on_step: |_: &CheckLine| {} };
    let Checked { mut steps, trouble, .. } = match inspect::check(state.inspector(&user.actor), &mailbox, options).await
    {
        Err(Error::Conflict(Conflict::ServerAskedToWaitUntil(_))) => {
            return redirect(&format!("{}?done=poll-waits", path(&mailbox.address)));
        }
        checked => checked?,
    };
    let language = user.visitor.words.language;
    steps.extend(trouble.map(|trouble| CheckLine::diagnosis(&trouble.on_page(), language)));
    render(mailbox, &state, &user, Some(steps), None).await
}

#[derive(Deserialize)]
pub struct QuarantineForm {
    #[serde(default)]
    folder: String,
    #[serde(default)]
    uidvalidity: Option<u32>,
    #[serde(default)]
    uid: Option<u32>,
}

/// Retries quarantined messages.
pub async fn retry(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<QuarantineForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let which = QuarantineFilter { folder: Some(&form.folder), uidvalidity: form.uidvalidity, uid: form.uid };
    if ledger::retry(state.acting(&user.actor), &mailbox, which).await? == 0 {
        return Err(PageError::BadRequest("quarantine-no-longer"));
    }
    redirect(&format!("{}?done=retried", path(&mailbox.address)))
}

/// Skips a message.
pub async fn skip(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<QuarantineForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let folders = state.deps.store.watched_folders(mailbox.id).await?;
    let folder = folders
        .iter()
        .find(|folder| folder.name == form.folder)
        .ok_or(PageError::BadRequest("quarantine-no-longer"))?;
    let uid = form.uid.ok_or(PageError::NotFound)?;
    match ledger::skip(state.acting(&user.actor), &mailbox, folder, uid, form.uidvalidity).await {
        Err(Error::Conflict(_)) => return Err(PageError::BadRequest("quarantine-no-longer")),
        skipped => skipped?,
    }
    redirect(&format!("{}?done=skipped", path(&mailbox.address)))
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    f: Frame,
    mailbox: Mailbox,
    lines: Vec<LedgerLine>,
    state: Option<UidState>,
    states: [UidState; 6],
    next: Option<String>,
}

#[derive(Deserialize)]
pub struct LedgerQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    before: String,
}

/// Shows the ledger, newest first.
pub async fn ledger(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Query(query): Query<LedgerQuery>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let filter = UidState::ALL.into_iter().find(|uid_state| uid_state.as_str() == query.state);
    let before = query.before.split_once('-').and_then(|(epoch, uid)| Some((epoch.parse().ok()?, uid.parse().ok()?)));
    let (lines, next) = state.deps.store.newest_ledger(mailbox.id, filter, before, LEDGER_LINES).await?;
    let next = next.map(|(epoch, uid)| {
        let filter = filter.map(|state| format!("state={}&", state.as_str())).unwrap_or_default();
        format!("{}/ledger?{filter}before={epoch}-{uid}", path(&mailbox.address))
    });
    show(&LedgerPage {
        f: Frame::new(&user.visitor, "mailboxes"),
        mailbox,
        lines,
        state: filter,
        states: UidState::ALL,
        next,
    })
}

#[derive(Deserialize)]
pub struct RemovalForm {
    #[serde(default)]
    address: String,
}

/// Removes the mailbox with its credentials and its ledger. Imported messages stay.
pub async fn remove(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<RemovalForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    // A mailbox still in setup can be removed without confirmation.
    if !mailbox.setup && form.address.trim().to_lowercase() != mailbox.address {
        return Err(PageError::BadRequest("fault-not-sure"));
    }
    let tokens = state.deps.tokens();
    mailboxes::remove(state.acting(&user.actor), &mailbox, Some(&tokens), any).await?;
    redirect("/?done=mailbox-removed")
}

/// Creates a connect link, and shows it once.
pub async fn link(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let created = links::create(state.acting(&user.actor), &mailbox).await?;
    let link = state.settings.link(&format!("/customer/{}", created.key));
    render(mailbox, &state, &user, None, Some(link)).await
}
