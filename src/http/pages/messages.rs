//! One mail: what it says, made harmless, and why it is here. And where a mail is that somebody misses.

use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::{Path, Query, State as FromState};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
use axum::response::{Html, IntoResponse};
use serde::Deserialize;

use crate::http::State;
use crate::http::mail_download::{self, Held, Read};
use crate::http::page::answer::{Answer, show};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::mail::parse;
use crate::reading::{self, Cut, FRAME_POLICY, Person, Reading};
use crate::shown::shown;
use crate::store::{Arrival, MessageLine, QUARANTINE_PAGES, QuarantinedMail, words};

#[derive(Template)]
#[template(path = "message.html")]
struct Page {
    f: Frame,
    message: MessageLine,
    reading: Option<Reading>,
    arrivals: Vec<Arrival>,
    has_html: bool,
    /// Pictures that lie elsewhere, which are not shown.
    remote: usize,
}

/// A message's subject, fit to be shown.
pub fn subject(message: &MessageLine, w: &Words) -> String {
    let subject = message.subject.as_deref().map(shown).filter(|subject| !subject.is_empty());
    subject.unwrap_or_else(|| w.t("no-subject"))
}

/// What of a mail is not shown, in words.
pub fn left_out(reading: &Reading, w: &Words) -> String {
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

/// A name and an address, as people write them.
pub fn person(one: &Person) -> String {
    match (one.name.as_deref(), one.address.as_deref()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "–".to_owned(),
    }
}

async fn seen(id: i64, state: &State, who: &SignedIn) -> Result<MessageLine, PageError> {
    Ok(state.deps.store.message(id, who.scope()).await?)
}

async fn held(message: &MessageLine, state: &State, who: &SignedIn) -> Result<Held, PageError> {
    Held::of(message, who.scope().id(), state).await?.ok_or(PageError::Wrong("fault-busy"))
}

/// The page.
pub async fn page(FromState(state): FromState<State>, who: SignedIn, Path(id): Path<i64>) -> Answer {
    let message = seen(id, &state, &who).await?;
    let held = held(&message, &state, &who).await?;
    let Read { value, share } = held.read(&state, reading::view).await.ok_or(PageError::Wrong("fault-busy"))?;
    let (reading, remote) = value.map_or((None, None), |view| (Some(view.reading), view.remote));
    let page = Page {
        f: Frame::new(&who.reader, "inboxes"),
        arrivals: state.deps.store.arrivals(id).await?,
        has_html: remote.is_some(),
        remote: remote.unwrap_or(0),
        reading,
        message,
    };
    Ok(mail_download::made_of(share, show(&page)?))
}

/// The HTML for the frame in the page, which may do nothing.
pub async fn html(FromState(state): FromState<State>, who: SignedIn, Path(id): Path<i64>) -> Answer {
    let message = seen(id, &state, &who).await?;
    let held = held(&message, &state, &who).await?;
    let Read { value, share } = held.read(&state, reading::html).await.ok_or(PageError::Wrong("fault-busy"))?;
    let cleaned = value.ok().flatten().ok_or(PageError::NotFound)?;
    let words = &who.reader.words;
    let document = reading::frame_document(&cleaned, words.tag(), false, &words.t("mail-cut-html"));
    let headers = [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAME_POLICY)),
        (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    ];
    Ok(mail_download::made_of(share, (headers, Html(document)).into_response()))
}

/// The original, byte by byte.
pub async fn eml(FromState(state): FromState<State>, who: SignedIn, Path(id): Path<i64>) -> Answer {
    let message = seen(id, &state, &who).await?;
    mail_download::original(&message, who.scope().id(), &state).await?.ok_or(PageError::Wrong("fault-busy"))
}

/// An attachment, for the disk and not for the browser.
pub async fn attachment(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path((id, index)): Path<(i64, usize)>,
) -> Answer {
    let message = seen(id, &state, &who).await?;
    let held = held(&message, &state, &who).await?;
    let found = held.attachment(index, &state).await.ok_or(PageError::Wrong("fault-busy"))?;
    found.ok_or(PageError::NotFound)
}

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    f: Frame,
    question: String,
    asked: bool,
    found: Vec<MessageLine>,
    older: Option<String>,
    aside: Vec<Aside>,
}

/// A mail that was put aside.
struct Aside {
    line: QuarantinedMail,
    from: String,
    subject: String,
}

#[derive(Deserialize)]
pub struct Question {
    #[serde(default)]
    q: String,
    #[serde(default)]
    before: Option<i64>,
}

/// Mails on one page.
const PAGE: i64 = 50;
/// Of those put aside, so many are shown.
const MOST_ASIDE: usize = 50;
/// For looking through what was put aside.
const SEARCHING: Duration = Duration::from_secs(2);

/// Where is my mail?
pub async fn search(FromState(state): FromState<State>, who: SignedIn, Query(asked): Query<Question>) -> Answer {
    let store = &state.deps.store;
    let question: String = asked.q.trim().chars().take(500).collect();
    let words = words(&question);
    // What views of mail need of the database and the machine is not for searches to take.
    let _turn = state.shares.searching(who.scope().id()).await.ok_or(PageError::Wrong("fault-busy"))?;
    let found = store.find_messages(who.scope(), &words, asked.before, PAGE).await?;
    let aside = match words.is_empty() || asked.before.is_some() {
        true => Vec::new(),
        false => quarantined_mail(&state, &who, &words).await?,
    };
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count == PAGE);
    let older = found.last().filter(|_| is_full).map(|last| {
        let mut query = url::form_urlencoded::Serializer::new(String::from("/search?"));
        query.append_pair("q", &question).append_pair("before", &last.id.to_string()).finish()
    });
    show(&Search { f: Frame::new(&who.reader, "search"), asked: !words.is_empty(), question, found, older, aside })
}

/// What was put aside and has all of the words, as far as there is time to look.
async fn quarantined_mail(state: &State, who: &SignedIn, words: &[String]) -> Result<Vec<Aside>, PageError> {
    let (begun, mut found) = (Instant::now(), Vec::new());
    for page in 0..QUARANTINE_PAGES {
        let lines = state.deps.store.quarantined_mail(who.scope(), None, page).await?;
        if lines.is_empty() || found.len() >= MOST_ASIDE || begun.elapsed() > SEARCHING {
            break;
        }
        let words = words.to_vec();
        found.extend(mail_download::aside(move || among(lines, &words)).await.ok_or(PageError::Inside)?);
    }
    found.truncate(MOST_ASIDE);
    Ok(found)
}

/// Those with all of the words in their sender, subject or Message-ID, as the index would find them.
fn among(lines: Vec<QuarantinedMail>, wanted: &[String]) -> Vec<Aside> {
    let read = lines.into_iter().map(|line| {
        let header = parse::header(&line.headers);
        let (from, subject) = (header.from.unwrap_or_default(), header.subject.unwrap_or_default());
        let text = format!("{from} {subject} {}", header.message_id.unwrap_or_default());
        (Aside { line, from: shown(&from), subject: shown(&subject) }, text)
    });
    let fits = |text: &str| {
        let text: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        wanted.iter().all(|word| text.iter().any(|one| one.starts_with(word.as_str())))
    };
    read.filter(|(_, text)| fits(text)).map(|(aside, _)| aside).collect()
}
