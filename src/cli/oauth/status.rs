//! `mailferry oauth status`: the consents, their status, and when the consents and the client secrets expire.

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

/// The status of a grant; never its tokens.
#[derive(Serialize, Clone)]
pub struct GrantView {
    provider: String,
    kind: GrantKind,
    identity: String,
    /// `connected`, `new` (an application's right that was never used), `waiting` (failed, and retried automatically),
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
    /// When the consent and the client secret expire.
    pub ends: Vec<Forecast>,
    /// The texts of the warnings that are due.
    pub warnings: Vec<String>,
}

/// The values that are needed to create a [`GrantView`].
struct ViewContext<'a> {
    config: &'a config::OAuth,
    now: Timestamp,
    language: Language,
}

impl GrantView {
    fn new(grant: &Grant, mailboxes: Vec<String>, app_problem: Option<&AppProblem>, context: &ViewContext<'_>) -> Self {
        let ViewContext { config, now, language } = *context;
        let app_trouble = app_problem.and_then(|app| Some((Trouble::from_json(&app.problem)?, Timestamp(app.since))));
        let grant_trouble = grant.problem.as_deref().and_then(Trouble::from_json);
        let state = grant.state(app_trouble.is_some());
        let since = app_trouble.as_ref().map(|(_, since)| *since).or(grant.problem_since);
        let trouble = match state {
            "needs-consent" | "waiting" => grant_trouble,
            "app-problem" => app_trouble.map(|(trouble, _)| trouble),
            "not-connected" => Some(Trouble::new(Cause::NotConnected)),
            _ => None,
        };
        let mailbox = mailboxes.first().cloned().unwrap_or_default();
        let app = config.providers.get(&grant.key.provider);
        let args = [
            ("mailbox", mailbox.as_str()),
            ("identity", &grant.key.identity),
            ("provider", &grant.key.provider),
            ("family", app.map_or("other", |app| app.family())),
        ];
        let args = args.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let trouble =
            trouble.map(|trouble| trouble.with_arg("kind", grant.key.kind.as_str()).with_args(&BTreeMap::from(args)));
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

impl GrantView {
    /// The identity and the status, in words.
    pub fn in_words(&self) -> String {
        let identity = match self.kind {
            GrantKind::Delegated => format!("consent of {}", self.identity),
            GrantKind::AppOnly => format!("the application itself in {}", self.identity),
        };
        format!("{}, {identity}, {}", self.provider, self.state.replace('-', " "))
    }

    /// The problem and its remedy.
    pub fn trouble(&self) -> Option<String> {
        Some(format!("{} {}", self.problem.as_ref()?, self.remedy.as_deref().unwrap_or_default()))
    }

    /// The party that must act on the problem.
    pub fn who_must_act(&self) -> &'static str {
        match self.state {
            "needs-consent" | "not-connected" => "admin",
            "app-problem" => "operator",
            _ => "nobody",
        }
    }
}

/// The text of a warning, if it is due.
pub fn warning(end: &Forecast, provider: &str, identity: &str, language: Language) -> Option<String> {
    end.warning?;
    Some(end.in_words(provider, identity, language))
}

/// The views of all grants, by the id of the grant.
pub async fn views(
    store: &Store,
    config: &config::OAuth,
    now: Timestamp,
    language: Language,
) -> Result<BTreeMap<i64, GrantView>, StoreError> {
    let mut by_grant = store.mailboxes_by_grant().await?;
    let apps = store.app_problems().await?;
    let mut views = BTreeMap::new();
    for grant in store.grants().await? {
        let mailboxes = by_grant.remove(&grant.id).unwrap_or_default();
        let app = apps.iter().find(|app| app.provider == grant.key.provider);
        views.insert(grant.id, GrantView::new(&grant, mailboxes, app, &ViewContext { config, now, language }));
    }
    Ok(views)
}

/// `oauth status`
pub async fn list(deps: &Deps, output: Output, language: Language) -> Result<ExitCode, Failure> {
    let views = views(&deps.store, &deps.oauth, deps.clock.now(), language).await?;
    let views: Vec<GrantView> = views.into_values().collect();
    let cells = |view: &GrantView| {
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
                    ..0 => format!("{} has ended", end.credential.id()),
                    0 => format!("{} within a day", end.credential.id()),
                    1 => format!("{} in 1 day", end.credential.id()),
                    days => format!("{} in {days} days", end.credential.id()),
                },
            ),
            trouble.collect::<Vec<_>>().join(" "),
        ]
    };
    let headings = ["PROVIDER", "KIND", "IDENTITY", "STATE", "MAILBOXES", "TOKEN UNTIL", "ENDS", "TROUBLE"];
    let none = "No mailbox uses access tokens. Add one: mailferry mailbox add ADDRESS --oauth PROVIDER …";
    output.rows(&views, &headings, cells, none)?;
    Ok(ExitCode::SUCCESS)
}
