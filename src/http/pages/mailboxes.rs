//! The list that answers "does mail flow?", with what needs a person first.

use askama::Template;
use axum::extract::{Query, State as FromState};
use axum::http::HeaderMap;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::http::State;
use crate::http::page::answer::{Answer, show};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::store::{ListFilter, MailboxLine, MailboxState, Moments};

/// Mailboxes on one page.
const PAGE: i64 = 50;
/// Without a mail for so long, a mailbox that is well is said to be quiet.
const QUIET_MS: i64 = 10 * 24 * 3600 * 1000;

#[derive(Template)]
#[template(path = "mailboxes.html")]
struct Page {
    f: Frame,
    list: List,
    has_any: bool,
    has_inboxes: bool,
}

/// The part that is looked at again every few seconds.
#[derive(Template)]
#[template(path = "mailboxes_list.html")]
struct List {
    w: Words,
    rows: Vec<Row>,
    counts: Vec<(MailboxState, i64)>,
    total: i64,
    text: String,
    mailbox_state: Option<MailboxState>,
    page: i64,
    pages: i64,
    shows_organisation: bool,
}

struct Row {
    line: MailboxLine,
    /// What is wrong, in a few words.
    trouble: Option<String>,
    /// It is well, and yet nothing has come for long.
    is_quiet: bool,
}

#[derive(Deserialize)]
pub struct Question {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    page: String,
}

impl List {
    /// The address of this list with another state and page.
    fn link(&self, mailbox_state: Option<&MailboxState>, page: &i64) -> String {
        let mut link = url::form_urlencoded::Serializer::new(String::from("/?"));
        if !self.text.is_empty() {
            link.append_pair("q", &self.text);
        }
        if let Some(mailbox_state) = mailbox_state {
            link.append_pair("state", mailbox_state.id());
        }
        if *page > 1 {
            link.append_pair("page", &page.to_string());
        }
        link.finish()
    }
}

/// The page, or for htmx the list alone.
pub async fn list(
    FromState(state): FromState<State>,
    who: SignedIn,
    Query(question): Query<Question>,
    headers: HeaderMap,
) -> Answer {
    let (store, words) = (&state.deps.store, &who.reader.words);
    let text: String = question.q.trim().chars().take(200).collect();
    let mailbox_state = MailboxState::named(&question.state);
    let page = question.page.parse::<i64>().unwrap_or(1).clamp(1, 1_000_000);
    let filter = ListFilter {
        scope: who.scope(),
        text: Some(text.as_str()).filter(|text| !text.is_empty()),
        mailbox_state,
        inbox_id: None,
    };
    let (lines, counts) =
        store.mailbox_lines(filter, Moments { today: words.today(), now: words.now }, (page - 1) * PAGE, PAGE).await?;
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    let shown = match mailbox_state {
        Some(mailbox_state) => counts.iter().find(|(one, _)| *one == mailbox_state).map_or(0, |(_, count)| *count),
        None => total,
    };
    let is_filtered = filter.text.is_some();
    let list = List {
        w: words.clone(),
        rows: lines.into_iter().map(|line| row(line, words)).collect(),
        counts,
        total,
        text,
        mailbox_state,
        page,
        pages: (shown + PAGE - 1) / PAGE,
        shows_organisation: who.scope().id().is_none(),
    };
    if headers.get("hx-target").is_some_and(|target| target == "list") {
        return show(&list);
    }
    let has_any = total > 0 || is_filtered;
    let has_inboxes = has_any || !store.inboxes(who.scope()).await?.is_empty();
    show(&Page { f: Frame::new(&who.reader, "mailboxes"), list, has_any, has_inboxes })
}

fn row(line: MailboxLine, words: &Words) -> Row {
    let trouble = line.last_error.as_deref().map(|json| LastError::read(json).brief(words));
    let last = line.last_mail_at.unwrap_or(line.added_at);
    let is_quiet = line.mailbox_state == MailboxState::Ok && words.now > Timestamp(last.0 + QUIET_MS);
    Row { line, trouble, is_quiet }
}
