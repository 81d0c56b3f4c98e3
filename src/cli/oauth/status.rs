//! `mailferry oauth status`: every consent, how it fares, and what will end when.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Serialize;

use super::super::Failure;
use super::super::output::Output;
use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::config;
use crate::locale::Language;
use crate::oauth::{Forecast, forecast};
use crate::poll::Deps;
use crate::store::{AppProblem, Grant, GrantKind, Store, StoreError};

/// A grant as shown; never its tokens.
#[derive(Serialize, Clone)]
pub struct View {
    provider: String,
    kind: GrantKind,
    identity: String,
    /// `connected`, `new` (an application's right that was never used), `waiting` (failed, and asked again by itself),
    /// `not-connected`, `needs-consent` or `app-problem`.
    pub state: &'static str,
    mailboxes: Vec<String>,
    connected_at: Option<Timestamp>,
    refreshed_at: Option<Timestamp>,
    access_expires_at: Option<Timestamp>,
    cause: Option<Cause>,
    problem: Option<String>,
    remedy: Option<String>,
    problem_since: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    /// What will end.
    pub ends: Vec<Forecast>,
    /// The warnings that are due of it, in words.
    pub warnings: Vec<String>,
}

/// How consents are shown.
struct Shown<'a> {
    config: &'a config::OAuth,
    now: Timestamp,
    language: Language,
}

impl View {
    /// Gathers it.
    fn of(grant: &Grant, mailboxes: Vec<String>, app_problem: Option<&AppProblem>, shown: &Shown<'_>) -> Self {
        let Shown { config, now, language } = *shown;
        let of_app = app_problem.and_then(|app| Some((Trouble::from_json(&app.problem)?, Timestamp(app.since))));
        let of_grant = grant.problem.as_deref().and_then(Trouble::from_json);
        let state = grant.state(of_app.is_some());
        let since = of_app.as_ref().map(|(_, since)| *since).or(grant.problem_since);
        let trouble = match state {
            "needs-consent" | "waiting" => of_grant,
            "app-problem" => of_app.map(|(trouble, _)| trouble),
            "not-connected" => Some(Trouble::new(Cause::NotConnected)),
            _ => None,
        };
        let mailbox = mailboxes.first().cloned().unwrap_or_default();
        let app = config.providers.get(&grant.key.provider);
        let about = [
            ("mailbox", mailbox.as_str()),
            ("identity", &grant.key.identity),
            ("provider", &grant.key.provider),
            ("family", app.map_or("other", |app| app.family())),
        ];
        let about = about.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let trouble =
            trouble.map(|trouble| trouble.about("kind", grant.key.kind.as_str()).about_all(&BTreeMap::from(about)));
        let ends = app.map(|app| forecast(app, Some(grant), now)).unwrap_or_default();
        let warnings =
            ends.iter().filter_map(|end| warning(end, &grant.key.provider, &grant.key.identity, language)).collect();
        Self {
            provider: grant.key.provider.clone(),
            kind: grant.key.kind,
            identity: grant.key.identity.clone(),
            state,
            mailboxes,
            connected_at: grant.consented_at,
            refreshed_at: grant.refreshed_at,
            access_expires_at: grant.access_sealed.as_ref().map(|_| grant.access_expires_at),
            cause: trouble.as_ref().map(|trouble| trouble.cause),
            problem: trouble.as_ref().map(|trouble| trouble.sentence(language)),
            remedy: trouble.as_ref().map(|trouble| trouble.remedy(language)),
            problem_since: trouble.as_ref().and(since),
            retry_at: grant.retry_at,
            ends,
            warnings,
        }
    }
}

impl View {
    /// Whose consent it is, and how it fares.
    pub fn in_words(&self) -> String {
        let whose = match self.kind {
            GrantKind::Delegated => format!("consent of {}", self.identity),
            GrantKind::AppOnly => format!("the application itself in {}", self.identity),
        };
        format!("{}, {whose}, {}", self.provider, self.state.replace('-', " "))
    }

    /// What is wrong with it, and what mends it.
    pub fn trouble(&self) -> Option<String> {
        Some(format!("{} {}", self.problem.as_ref()?, self.remedy.as_deref().unwrap_or_default()))
    }

    /// Who can do something about it.
    pub fn who_must_act(&self) -> &'static str {
        match self.state {
            "needs-consent" | "not-connected" => "admin",
            "app-problem" => "operator",
            _ => "nobody",
        }
    }
}

/// One warning in words, if it is due.
pub fn warning(end: &Forecast, provider: &str, identity: &str, language: Language) -> Option<String> {
    end.warning?;
    Some(end.in_words(provider, identity, language))
}

/// Every grant as shown, by its row.
pub async fn views(
    store: &Store,
    config: &config::OAuth,
    now: Timestamp,
    language: Language,
) -> Result<BTreeMap<i64, View>, StoreError> {
    let mut by_grant = store.mailboxes_by_grant().await?;
    let apps = store.app_problems().await?;
    let mut views = BTreeMap::new();
    for grant in store.grants().await? {
        let mailboxes = by_grant.remove(&grant.id).unwrap_or_default();
        let app = apps.iter().find(|app| app.provider == grant.key.provider);
        views.insert(grant.id, View::of(&grant, mailboxes, app, &Shown { config, now, language }));
    }
    Ok(views)
}

/// All of them.
pub async fn list(deps: &Deps, output: Output, language: Language) -> Result<ExitCode, Failure> {
    let views = views(&deps.store, &deps.oauth, deps.clock.now(), language).await?;
    let views: Vec<View> = views.into_values().collect();
    let cells = |view: &View| {
        let or_none = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let ends = view.ends.iter().min_by_key(|end| end.ends_at);
        let trouble = view.problem.iter().chain(&view.remedy).cloned().chain(view.warnings.iter().cloned());
        vec![
            view.provider.clone(),
            view.kind.as_str().to_owned(),
            view.identity.clone(),
            view.state.to_owned(),
            view.mailboxes.join(", "),
            or_none(view.access_expires_at),
            ends.map_or_else(
                || "-".to_owned(),
                |end| match end.days_left {
                    ..0 => format!("{} has ended", end.what.id()),
                    0 => format!("{} within a day", end.what.id()),
                    1 => format!("{} in 1 day", end.what.id()),
                    days => format!("{} in {days} days", end.what.id()),
                },
            ),
            trouble.collect::<Vec<_>>().join(" "),
        ]
    };
    let headings = ["PROVIDER", "KIND", "IDENTITY", "STATE", "MAILBOXES", "TOKEN UNTIL", "ENDS", "TROUBLE"];
    let none = "No mailbox is opened with access tokens. Add one: mailferry mailbox add ADDRESS --oauth PROVIDER …";
    output.rows(&views, &headings, cells, none)?;
    Ok(ExitCode::SUCCESS)
}
