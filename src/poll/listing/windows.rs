//! Searches a range of UIDs in parts.

use crate::imap::{ImapError, ListForm, SearchResult, Session};
use crate::poll::{PollError, Step};

/// The parts of a range, each small enough for a short answer. The parts grow where UIDs are sparse, so that a search
/// does not send many commands with empty answers.
pub struct Windows {
    next: u32,
    last: u32,
    span: u32,
    max_span: u32,
    /// Whether the last part has no end, since UIDNEXT may be too low, or a mail may have arrived meanwhile.
    is_open: bool,
    form: ListForm,
    /// Whether EXISTS is 0. Then the only part is empty, and no command is sent.
    is_empty: bool,
    ended: bool,
    /// The highest UID in any answer, inside the range or not.
    highest: Option<u32>,
}

/// Preferred maximum number of UIDs in one SEARCH answer, a line of about 100 KB.
const TARGET_RESULTS: u32 = 10_000;
/// Maximum number of UIDs in one SEARCH answer that fits the guard's line limit.
pub const MAX_RESULTS: u32 = 80_000;
/// Maximum number of consecutive answers that cover only some of the messages.
const MAX_PARTIAL_ANSWERS: u32 = 40;

impl Windows {
    /// Covers the UIDs from `first` to the last one, in a folder with `exists` mails, few of them above `last`.
    pub fn open_ended(first: u32, last: u32, exists: u32) -> Self {
        Self { is_open: true, ended: false, ..Self::between(first, last, exists) }
    }

    /// Covers the UIDs from `first` to `last`.
    pub fn between(first: u32, last: u32, exists: u32) -> Self {
        // A small folder fits into one answer.
        let span = if exists <= TARGET_RESULTS { u32::MAX } else { TARGET_RESULTS };
        let max_span = if exists <= MAX_RESULTS { u32::MAX } else { MAX_RESULTS };
        let first = first.max(1);
        Self {
            next: first,
            last,
            span,
            max_span,
            is_open: false,
            form: ListForm::default(),
            is_empty: exists == 0,
            ended: last < first,
            highest: None,
        }
    }

    #[must_use]
    pub fn with_form(self, form: ListForm) -> Self {
        Self { form, ..self }
    }

    /// Searches even if EXISTS is 0.
    #[must_use]
    pub fn even_if_empty(self) -> Self {
        Self { is_empty: false, ..self }
    }

    pub fn form(&self) -> ListForm {
        self.form
    }

    /// First UID of the next part.
    pub fn position(&self) -> u32 {
        self.next
    }

    /// Whether the last part has been listed.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The highest UID in any answer, inside the range or not.
    pub fn highest(&self) -> Option<u32> {
        self.highest
    }

    /// Searches the next part. Returns its last UID and the matching UIDs (`None` without a SEARCH response); `None` at
    /// the end. `also`: a further search key, or an empty text.
    pub async fn next(
        &mut self,
        session: &mut Session,
        also: &str,
        folder: &str,
    ) -> Result<Option<(u32, Option<Vec<u32>>)>, PollError> {
        if self.ended {
            return Ok(None);
        }
        let failed = |error: ImapError| PollError::folder(Step::Search, folder, &error);
        for _ in 0..MAX_PARTIAL_ANSWERS {
            let is_last = self.last.saturating_sub(self.next) < self.span;
            let last = match is_last {
                true if self.is_open => u32::MAX,
                true => self.last,
                false => self.next.saturating_add(self.span - 1),
            };
            let found = match self.is_empty {
                // Some servers answer SEARCH in an empty folder with an error (reference row A23).
                true => SearchResult { uids: Some(Vec::new()), highest: None },
                false => session.search(self.next, last, also, self.form).await.map_err(failed)?,
            };
            let uids = found.uids;
            if session.was_partial() && !self.is_empty {
                // The server processes a limited number of messages per command (RFC 9738): try a smaller part.
                self.span = (self.span.min(last - self.next + 1) / 2).max(1);
                self.max_span = self.max_span.min(self.span);
                continue;
            }
            self.ended = is_last;
            self.highest = self.highest.max(found.highest);
            self.next = last.saturating_add(1);
            let found = u32::try_from(uids.as_ref().map_or(0, Vec::len)).unwrap_or(u32::MAX);
            self.span = if found < TARGET_RESULTS / 4 {
                self.span.saturating_mul(2).min(self.max_span)
            } else {
                TARGET_RESULTS.min(self.max_span)
            };
            return Ok(Some((last, uids)));
        }
        Err(failed(ImapError::Limit(format!(
            "{MAX_PARTIAL_ANSWERS} SEARCH answers in a row about only some of the messages"
        ))))
    }
}
