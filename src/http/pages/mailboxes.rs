//! The list of mailboxes. Those that need attention come first.

use askama::Template;
use axum::extract::{Query, State as FromState};
use axum::http::HeaderMap;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::http::State;
use crate::http::page::answer::{PageResult, show};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::store::{ListFilter, MailboxLine, MailboxState, Moments};

/// Mailboxes on one page.
const PAGE_SIZE: i64 = 50;
/// A working mailbox without mail for this long is marked as quiet.
const QUIET_AFTER_MS: i64 = 10 * 24 * 3600 * 1000;

#[derive(Template)]
#[template(path = "mailboxes.html")]
struct MailboxesPage {
    f: Frame,
    list: MailboxList,
    has_any: bool,
    has_inboxes: bool,
}

/// The part of the page that is refreshed every few seconds.
#[derive(Template)]
#[template(path = "mailboxes_list.html")]
struct MailboxList {
    w: Words,
    rows: Vec<MailboxRow>,
    counts: Vec<(MailboxState, i64)>,
    total: i64,
    text: String,
    mailbox_state: Option<MailboxState>,
    page: i64,
    pages: i64,
    shows_organisation: bool,
}

struct MailboxRow {
    line: MailboxLine,
    /// The problem, in a few words.
    trouble: Option<String>,
    /// Whether the mailbox works although no mail has arrived for a long time.
    is_quiet: bool,
}

#[derive(Deserialize)]
pub struct MailboxesQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    page: String,
}

impl MailboxList {
    /// The URL of this list for another state and page.
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

/// Shows the page; for htmx, only the list.
pub async fn list(
    FromState(state): FromState<State>,
    user: SignedIn,
    Query(query): Query<MailboxesQuery>,
    headers: HeaderMap,
) -> PageResult {
    let (store, words) = (&state.deps.store, &user.visitor.words);
    let text: String = query.q.trim().chars().take(200).collect();
    let mailbox_state = MailboxState::from_id(&query.state);
    let page = query.page.parse::<i64>().unwrap_or(1).clamp(1, 1_000_000);
    let filter = ListFilter {
        scope: user.scope(),
        text: Some(text.as_str()).filter(|text| !text.is_empty()),
        mailbox_state,
        inbox_id: None,
    };
    let (lines, counts) = store
        .mailbox_lines(filter, Moments { today: words.today(), now: words.now }, (page - 1) * PAGE_SIZE, PAGE_SIZE)
        .await?;
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    let shown = match mailbox_state {
        Some(mailbox_state) => {
            counts.iter().find(|(counted_state, _)| *counted_state == mailbox_state).map_or(0, |(_, count)| *count)
        }
        None => total,
    };
    let is_filtered = filter.text.is_some();
    let list = MailboxList {
        w: words.clone(),
        rows: lines.into_iter().map(|line| mailbox_row(line, words)).collect(),
        counts,
        total,
        text,
        mailbox_state,
        page,
        pages: (shown + PAGE_SIZE - 1) / PAGE_SIZE,
        shows_organisation: user.scope().id().is_none(),
    };
    if headers.get("hx-target").is_some_and(|target| target == "list") {
        return show(&list);
    }
    let has_any = total > 0 || is_filtered;
    let has_inboxes = has_any || !store.inboxes(user.scope()).await?.is_empty();
    show(&MailboxesPage { f: Frame::new(&user.visitor, "mailboxes"), list, has_any, has_inboxes })
}

fn mailbox_row(line: MailboxLine, words: &Words) -> MailboxRow {
    let trouble = line.last_error.as_deref().map(|json| LastError::from_json(json).brief(words));
    let last = line.last_mail_at.unwrap_or(line.added_at);
    let is_quiet = line.mailbox_state == MailboxState::Ok && words.now > Timestamp(last.0 + QUIET_AFTER_MS);
    MailboxRow { line, trouble, is_quiet }
}
