//! The page of a message, with its sanitised content and the reason why it is in this inbox, and the search for
//! messages.

use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::{Path, Query, State as FromState};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
use axum::response::{Html, IntoResponse};
use serde::Deserialize;

use crate::http::State;
use crate::http::mail_download::{self, LoadedMail, WithShare};
use crate::http::page::answer::{PageResult, show};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::mail::parse;
use crate::reading::{self, Correspondent, Cut, FRAME_POLICY, Reading};
use crate::shown::shown;
use crate::store::{Arrival, MAX_QUARANTINE_PAGES, MessageLine, QuarantinedMail, search_words};

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    f: Frame,
    message: MessageLine,
    reading: Option<Reading>,
    arrivals: Vec<Arrival>,
    has_html: bool,
    /// The number of remote images that are not shown.
    remote: usize,
}

/// A message's subject, safe to display.
pub fn subject(message: &MessageLine, w: &Words) -> String {
    let subject = message.subject.as_deref().map(shown).filter(|subject| !subject.is_empty());
    subject.unwrap_or_else(|| w.t("no-subject"))
}

/// The parts of a message that are not shown, in words.
pub fn omitted_parts(reading: &Reading, w: &Words) -> String {
    let text = |cut: &Cut| {
        w.t(match cut {
            Cut::Mail => "cut-mail",
            Cut::Headers => "cut-headers",
            Cut::Addresses => "cut-addresses",
            Cut::Parts => "cut-parts",
            Cut::Depth => "cut-depth",
            Cut::Text => "cut-text",
            Cut::Html => "cut-html",
            Cut::Time => "cut-time",
        })
    };
    reading.cut.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A name and an address in the usual form.
pub fn person(person: &Correspondent) -> String {
    match (person.name.as_deref(), person.address.as_deref()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "–".to_owned(),
    }
}

async fn find_message(id: i64, state: &State, user: &SignedIn) -> Result<MessageLine, PageError> {
    Ok(state.deps.store.message(id, user.scope()).await?)
}

async fn load_mail(message: &MessageLine, state: &State, user: &SignedIn) -> Result<LoadedMail, PageError> {
    LoadedMail::load(message, user.scope().id(), state).await?.ok_or(PageError::BadRequest("fault-busy"))
}

pub async fn page(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    let message = find_message(id, &state, &user).await?;
    let arrivals = state.deps.store.arrivals(id).await?;
    let f = Frame::new(&user.visitor, "inboxes");
    if message.raw_removed_at.is_some() {
        return show(&MessagePage { f, arrivals, has_html: false, remote: 0, reading: None, message });
    }
    let mail = load_mail(&message, &state, &user).await?;
    let WithShare { value, share } =
        mail.read(&state, reading::view).await.ok_or(PageError::BadRequest("fault-busy"))?;
    let (reading, remote) = value.map_or((None, None), |view| (Some(view.reading), view.remote));
    let (has_html, remote) = (remote.is_some(), remote.unwrap_or(0));
    Ok(mail_download::attach_share(share, show(&MessagePage { f, arrivals, has_html, remote, reading, message })?))
}

/// Returns the message's HTML for the sandboxed frame in the page.
pub async fn html(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    let message = find_message(id, &state, &user).await?;
    let mail = load_mail(&message, &state, &user).await?;
    let WithShare { value, share } =
        mail.read(&state, reading::html).await.ok_or(PageError::BadRequest("fault-busy"))?;
    let cleaned = value.ok().flatten().ok_or(PageError::NotFound)?;
    let words = &user.visitor.words;
    let document = reading::frame_document(&cleaned, words.tag(), false, &words.t("mail-cut-html"));
    let headers = [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAME_POLICY)),
        (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    ];
    Ok(mail_download::attach_share(share, (headers, Html(document)).into_response()))
}

/// Returns the original message, byte for byte.
pub async fn eml(FromState(state): FromState<State>, user: SignedIn, Path(id): Path<i64>) -> PageResult {
    let message = find_message(id, &state, &user).await?;
    mail_download::original(&message, user.scope().id(), &state).await?.ok_or(PageError::BadRequest("fault-busy"))
}

/// Returns an attachment, always as a download.
pub async fn attachment(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path((id, index)): Path<(i64, usize)>,
) -> PageResult {
    let message = find_message(id, &state, &user).await?;
    let mail = load_mail(&message, &state, &user).await?;
    let found = mail.attachment(index, &state).await.ok_or(PageError::BadRequest("fault-busy"))?;
    found.ok_or(PageError::NotFound)
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    f: Frame,
    text: String,
    has_query: bool,
    found: Vec<MessageLine>,
    older: Option<String>,
    quarantined: Vec<QuarantinedHit>,
}

/// A quarantined message that matches a search.
struct QuarantinedHit {
    line: QuarantinedMail,
    from: String,
    subject: String,
}

#[derive(Deserialize)]
pub struct SearchQuery {
    #[serde(default)]
    q: String,
    /// Only messages with a lower number than this are shown.
    #[serde(default)]
    before: Option<i64>,
}

/// Messages on one page.
const PAGE_SIZE: i64 = 50;
/// The maximum number of quarantined messages that are shown.
const MAX_QUARANTINED: usize = 50;
/// The time limit for searching quarantined messages.
const SEARCH_TIME: Duration = Duration::from_secs(2);

/// Searches imported and quarantined messages.
pub async fn search(
    FromState(state): FromState<State>,
    user: SignedIn,
    Query(query): Query<SearchQuery>,
) -> PageResult {
    let store = &state.deps.store;
    let text: String = query.q.trim().chars().take(500).collect();
    let words = search_words(&text);
    // Limit the number of concurrent searches, so that showing messages stays fast.
    let _share = state.shares.searching(user.scope().id()).await.ok_or(PageError::BadRequest("fault-busy"))?;
    let found = store.find_messages(user.scope(), &words, query.before, PAGE_SIZE).await?;
    let quarantined = match words.is_empty() || query.before.is_some() {
        true => Vec::new(),
        false => quarantined_mail(&state, &user, &words).await?,
    };
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count == PAGE_SIZE);
    let older = found.last().filter(|_| is_full).map(|last| {
        let mut query = url::form_urlencoded::Serializer::new(String::from("/search?"));
        query.append_pair("q", &text).append_pair("before", &last.id.to_string()).finish()
    });
    show(&SearchPage {
        f: Frame::new(&user.visitor, "search"),
        has_query: !words.is_empty(),
        text,
        found,
        older,
        quarantined,
    })
}

/// Returns quarantined messages that contain all of the words, as many as are found in time.
async fn quarantined_mail(state: &State, user: &SignedIn, words: &[String]) -> Result<Vec<QuarantinedHit>, PageError> {
    let (begun, mut found) = (Instant::now(), Vec::new());
    for page in 0..MAX_QUARANTINE_PAGES {
        let lines = state.deps.store.quarantined_mail(user.scope(), None, page).await?;
        if lines.is_empty() || found.len() >= MAX_QUARANTINED || begun.elapsed() > SEARCH_TIME {
            break;
        }
        let words = words.to_vec();
        found.extend(mail_download::run_blocking(move || matching(lines, &words)).await.ok_or(PageError::Internal)?);
    }
    found.truncate(MAX_QUARANTINED);
    Ok(found)
}

/// Returns messages with all of the words in sender, subject or Message-ID, as the search index does.
fn matching(lines: Vec<QuarantinedMail>, words: &[String]) -> Vec<QuarantinedHit> {
    let read = lines.into_iter().map(|line| {
        let header = parse::header(&line.headers);
        let (from, subject) = (header.from.unwrap_or_default(), header.subject.unwrap_or_default());
        let text = format!("{from} {subject} {}", header.message_id.unwrap_or_default());
        (QuarantinedHit { line, from: shown(&from), subject: shown(&subject) }, text)
    });
    let fits = |text: &str| {
        let text: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        words.iter().all(|word| text.iter().any(|token| token.starts_with(word.as_str())))
    };
    read.filter(|(_, text)| fits(text)).map(|(quarantined, _)| quarantined).collect()
}
