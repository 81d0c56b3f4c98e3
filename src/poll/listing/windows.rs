//! A range of UIDs, asked for in parts.

use crate::imap::{Found, ImapError, ListForm, Session};
use crate::poll::{PollError, Step};

/// Searches a range of UIDs in parts, so that no answer gets too long and none is empty for ever: the parts grow where UIDs
/// are sparse.
pub struct Windows {
    next: u32,
    last: u32,
    span: u32,
    widest: u32,
    /// Whether the last part has no end, since a UIDNEXT may be too low, or a mail have come meanwhile.
    is_open: bool,
    form: ListForm,
    /// The folder is said to be empty: there is one part, and nothing in it.
    is_empty: bool,
    ended: bool,
    /// The highest UID that any answer has named, in the range or not.
    highest: Option<u32>,
}

/// As many UIDs as one SEARCH answer should list: its line is some 100 KB then.
const MOST: u32 = 10_000;
/// As many as it may list without passing the guard's line limit.
pub const LIMIT: u32 = 80_000;
/// So often in a row a server may answer for some of the messages only.
const MOST_PARTIAL: u32 = 40;

impl Windows {
    /// From this UID to the last one there is, in a folder with so many mails, of which few should lie above `last`.
    pub fn to_the_end(first: u32, last: u32, exists: u32) -> Self {
        Self { is_open: true, ended: false, ..Self::between(first, last, exists) }
    }

    /// From this UID to that.
    pub fn between(first: u32, last: u32, exists: u32) -> Self {
        // Where there are few mails altogether, one answer can list them all.
        let span = if exists <= MOST { u32::MAX } else { MOST };
        let widest = if exists <= LIMIT { u32::MAX } else { LIMIT };
        let first = first.max(1);
        Self {
            next: first,
            last,
            span,
            widest,
            is_open: false,
            form: ListForm::default(),
            is_empty: exists == 0,
            ended: last < first,
            highest: None,
        }
    }

    /// Asks in this form.
    #[must_use]
    pub fn asked_as(self, form: ListForm) -> Self {
        Self { form, ..self }
    }

    /// Asks even a folder that is said to be empty.
    #[must_use]
    pub fn in_any_case(self) -> Self {
        Self { is_empty: false, ..self }
    }

    /// The form in which it asks.
    pub fn form(&self) -> ListForm {
        self.form
    }

    /// The first UID of the next part.
    pub fn position(&self) -> u32 {
        self.next
    }

    /// The highest UID that any answer has named, in the range or not.
    pub fn highest(&self) -> Option<u32> {
        self.highest
    }

    /// The last UID of the next part, and the UIDs in it that match.
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
        for _ in 0..MOST_PARTIAL {
            let is_last = self.last.saturating_sub(self.next) < self.span;
            let last = match is_last {
                true if self.is_open => u32::MAX,
                true => self.last,
                false => self.next.saturating_add(self.span - 1),
            };
            let found = match self.is_empty {
                true => Found { uids: Some(Vec::new()), highest: None }, // to some servers a search would be an error (reference row A23)
                false => session.search(self.next, last, also, self.form).await.map_err(failed)?,
            };
            let uids = found.uids;
            if session.was_partial() && !self.is_empty {
                // It deals with so many messages in one command (RFC 9738): a smaller part has fewer.
                self.span = (self.span.min(last - self.next + 1) / 2).max(1);
                self.widest = self.widest.min(self.span);
                continue;
            }
            self.ended = is_last;
            self.highest = self.highest.max(found.highest);
            self.next = last.saturating_add(1);
            let found = u32::try_from(uids.as_ref().map_or(0, Vec::len)).unwrap_or(u32::MAX);
            self.span =
                if found < MOST / 4 { self.span.saturating_mul(2).min(self.widest) } else { MOST.min(self.widest) };
            return Ok(Some((last, uids)));
        }
        Err(failed(ImapError::Limit(format!(
            "{MOST_PARTIAL} answers to SEARCH in a row that are about some messages only"
        ))))
    }
}
