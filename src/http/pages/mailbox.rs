//! One mailbox: does its mail flow, and if not, why not, and what to do.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use serde::Deserialize;

use crate::address::Address;
use crate::app::mailboxes::inspect::{self, CheckOptions, Checked};
use crate::app::mailboxes::settings::given_password;
use crate::app::mailboxes::{self, MovedLogin, Request, credential_policy};
use crate::app::{Error, any, ledger, links};
use crate::clock::Timestamp;
use crate::fact::Conflict;
use crate::http::State;
use crate::http::page::answer::{Answer, go, show};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::plot::Plot;
use crate::http::page::visitor::SignedIn;
use crate::mailbox::AfterImport;
use crate::poll::check::CheckLine;
use crate::store::{LedgerLine, Login, Mailbox, MailboxLine, OpenCases, QuarantineFilter, UidState};

/// Days in the plots.
const DAYS: i64 = 30;
/// Polls that are shown.
const POLLS: i64 = 15;
/// Lines of the ledger on one page.
const LINES: i64 = 100;
const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Page {
    f: Frame,
    mailbox: Mailbox,
    line: MailboxLine,
    error: Option<LastError>,
    cases: OpenCases,
    polls: Vec<Poll>,
    mails: Plot,
    looks: Plot,
    waiting: Vec<LedgerLine>,
    link_until: Option<Timestamp>,
    link: Option<String>,
    check: Option<Vec<CheckLine>>,
}

/// A poll that left a trace.
struct Poll {
    at: Timestamp,
    imported: i64,
    skipped: i64,
    quarantined: i64,
    error: Option<LastError>,
    notes: Vec<String>,
}

impl Page {
    /// Whether it is opened with tokens.
    fn is_oauth(&self) -> bool {
        matches!(self.mailbox.login, Login::OAuth { .. })
    }

    /// The provider of its tokens, by the name in the configuration.
    fn provider(&self) -> &str {
        match &self.mailbox.login {
            Login::OAuth { key, .. } => &key.provider,
            Login::Password(_) => "",
        }
    }

    /// Who has consented, or is to.
    fn identity(&self) -> &str {
        match &self.mailbox.login {
            Login::OAuth { key, .. } => &key.identity,
            Login::Password(_) => "",
        }
    }

    /// Whether nothing is ever changed in it.
    fn is_left(&self) -> bool {
        self.mailbox.after_import == AfterImport::Leave
    }

    /// Since when none of its copies was changed.
    fn unchanged_since(&self) -> Timestamp {
        self.mailbox.copy_changed_at.unwrap_or(self.mailbox.added_at)
    }

    fn path(&self) -> String {
        path(&self.mailbox.address)
    }
}

/// The mailbox of this address, if the reader may see it.
pub async fn seen(address: &str, state: &State, who: &SignedIn) -> Result<Mailbox, PageError> {
    Ok(mailboxes::find(state.acting(&who.actor), address).await?)
}

/// The page.
pub async fn page(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    if mailbox.setup && who.may_change() {
        return go(&format!("{}/setup/server", path(&mailbox.address)));
    }
    render(mailbox, &state, &who, None, None).await
}

async fn render(
    mailbox: Mailbox,
    state: &State,
    who: &SignedIn,
    check: Option<Vec<CheckLine>>,
    link: Option<String>,
) -> Answer {
    let (store, w) = (&state.deps.store, &who.reader.words);
    let line = store.mailbox_line(mailbox.id, w.today(), w.now).await?.ok_or(PageError::NotFound)?;
    let today = w.day(w.now);
    let since = Timestamp((today - DAYS - 1) * DAY_MS);
    let mut by_day = BTreeMap::<i64, i64>::new();
    for (quarter, count) in store.mails_by_quarter_hour(&mailbox, since).await? {
        *by_day.entry(w.day(quarter)).or_default() += count;
    }
    let mails: Vec<_> = by_day.into_iter().map(|(day, count)| (day, count, 0)).collect();
    let looks = store.polls_by_day(mailbox.id, w.now.day() - DAYS).await?;
    let waiting = store.quarantine_in_force(mailbox.id, 20).await?;
    let page = Page {
        f: Frame::new(&who.reader, "mailboxes"),
        error: line.last_error.as_deref().map(|json| LastError::read(json).for_reader(who.scope())),
        cases: store.open_cases(mailbox.id).await?,
        polls: polls(&mailbox, state, who).await?,
        mails: Plot::of(w.t("plot-mails"), w, DAYS, today, &mails),
        looks: Plot::of(w.t("plot-looks"), w, DAYS, w.now.day(), &looks),
        waiting,
        link_until: store.open_connect_link(mailbox.id, w.now).await?,
        link,
        check,
        line,
        mailbox,
    };
    show(&page)
}

async fn polls(mailbox: &Mailbox, state: &State, who: &SignedIn) -> Result<Vec<Poll>, PageError> {
    let recent = state.deps.store.recent_polls(mailbox.id, POLLS).await?;
    Ok(recent
        .into_iter()
        .map(|(at, report, notes)| {
            let report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
            let number = |name: &str| report.get(name).and_then(serde_json::Value::as_i64).unwrap_or(0);
            let error = report.get("error").filter(|error| error.is_object());
            Poll {
                at,
                imported: number("imported"),
                skipped: number("skipped"),
                quarantined: number("quarantined"),
                error: error.map(|error| LastError::of_report(error).for_reader(who.scope())),
                notes: notes.each(|notice| who.reader.words.fact(notice)),
            }
        })
        .collect())
}

/// Pauses.
pub async fn pause(state: FromState<State>, who: SignedIn, address: Path<String>) -> Answer {
    set_paused(state, who, address, true).await
}

/// Goes on.
pub async fn resume(state: FromState<State>, who: SignedIn, address: Path<String>) -> Answer {
    set_paused(state, who, address, false).await
}

async fn set_paused(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    paused: bool,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    if mailbox.setup {
        return go(&format!("{}/setup/trial", path(&mailbox.address)));
    }
    let at: Address = mailbox.address.parse().map_err(|_| PageError::Inside)?;
    mailboxes::pause(state.acting(&who.actor), &at, paused).await?;
    go(&format!("{}?done={}", path(&mailbox.address), if paused { "paused" } else { "resumed" }))
}

/// Has it looked at now.
pub async fn poll(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let done = match mailboxes::poll_soon(state.acting(&who.actor), &mailbox).await {
        Ok(()) => "poll",
        Err(Error::Conflict(_)) => "poll-waits",
        Err(error) => return Err(error.into()),
    };
    go(&format!("{}?done={done}", path(&mailbox.address)))
}

#[derive(Deserialize)]
pub struct Password {
    /// The server that was shown.
    #[serde(default)]
    server: String,
    #[serde(default)]
    password: String,
}

/// A new password, which nobody gets to see again.
pub async fn password(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(given): Form<Password>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let password = super::login_form::mail_password(&given.password).map_err(PageError::Wrong)?;
    if given.server != credential_policy::shown(&mailbox) {
        return Err(PageError::Wrong("customer-server-changed"));
    }
    let request =
        Request { before: &mailbox, changes: given_password(&mailbox, password), moved_login: MovedLogin::GivenAnew };
    mailboxes::change(state.acting(&who.actor), request, Some(state.change_deps()), any).await?;
    go(&format!("{}?done=password-mailbox", path(&mailbox.address)))
}

/// Walks the way to it, step by step, and finds the cause of what fails.
pub async fn check(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let wish = CheckOptions { as_polled: false, tell: |_: &CheckLine| {} };
    let Checked { mut lines, trouble, .. } = match inspect::check(state.inspector(&who.actor), &mailbox, wish).await {
        Err(Error::Conflict(Conflict::HeldUntil(_))) => {
            return go(&format!("{}?done=poll-waits", path(&mailbox.address)));
        }
        checked => checked?,
    };
    let language = who.reader.words.language;
    lines.extend(trouble.map(|trouble| CheckLine::diagnosis(&trouble.on_page(), language)));
    render(mailbox, &state, &who, Some(lines), None).await
}

#[derive(Deserialize)]
pub struct OfFolder {
    #[serde(default)]
    folder: String,
    #[serde(default)]
    uidvalidity: Option<u32>,
    #[serde(default)]
    uid: Option<u32>,
}

/// Asks again for what was put aside.
pub async fn retry(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(of): Form<OfFolder>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let which = QuarantineFilter { folder: Some(&of.folder), uidvalidity: of.uidvalidity, uid: of.uid };
    if ledger::retry(state.acting(&who.actor), &mailbox, which).await? == 0 {
        return Err(PageError::Wrong("aside-no-longer"));
    }
    go(&format!("{}?done=retried", path(&mailbox.address)))
}

/// Gives up on one.
pub async fn skip(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(of): Form<OfFolder>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let folders = state.deps.store.watched_folders(mailbox.id).await?;
    let folder = folders.iter().find(|folder| folder.name == of.folder).ok_or(PageError::Wrong("aside-no-longer"))?;
    let uid = of.uid.ok_or(PageError::NotFound)?;
    match ledger::skip(state.acting(&who.actor), &mailbox, folder, uid, of.uidvalidity).await {
        Err(Error::Conflict(_)) => return Err(PageError::Wrong("aside-no-longer")),
        skipped => skipped?,
    }
    go(&format!("{}?done=skipped", path(&mailbox.address)))
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct Ledger {
    f: Frame,
    mailbox: Mailbox,
    lines: Vec<LedgerLine>,
    state: Option<UidState>,
    states: [UidState; 6],
    next: Option<String>,
}

#[derive(Deserialize)]
pub struct Part {
    #[serde(default)]
    state: String,
    #[serde(default)]
    before: String,
}

/// What became of every UID, newest first.
pub async fn ledger(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Query(part): Query<Part>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let of = UidState::ALL.into_iter().find(|one| one.as_str() == part.state);
    let before = part.before.split_once('-').and_then(|(epoch, uid)| Some((epoch.parse().ok()?, uid.parse().ok()?)));
    let (lines, next) = state.deps.store.newest_ledger(mailbox.id, of, before, LINES).await?;
    let next = next.map(|(epoch, uid)| {
        let of = of.map(|of| format!("state={}&", of.as_str())).unwrap_or_default();
        format!("{}/ledger?{of}before={epoch}-{uid}", path(&mailbox.address))
    });
    show(&Ledger { f: Frame::new(&who.reader, "mailboxes"), mailbox, lines, state: of, states: UidState::ALL, next })
}

#[derive(Deserialize)]
pub struct Sure {
    #[serde(default)]
    address: String,
}

/// Removes it, with its password or consent and its ledger; imported mail stays.
pub async fn remove(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(sure): Form<Sure>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    // Whoever was never started has nothing to lose.
    if !mailbox.setup && sure.address.trim().to_lowercase() != mailbox.address {
        return Err(PageError::Wrong("fault-not-sure"));
    }
    let tokens = state.deps.tokens();
    mailboxes::remove(state.acting(&who.actor), &mailbox, Some(&tokens), any).await?;
    go("/?done=mailbox-removed")
}

/// A link by which the customer's own IT gives the credentials. It is shown once.
pub async fn link(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let made = links::make(state.acting(&who.actor), &mailbox).await?;
    let link = state.page.link(&format!("/customer/{}", made.key));
    render(mailbox, &state, &who, None, Some(link)).await
}
