//! SEARCH (RFC 3501 6.4.4), and FETCH for listing UIDs: which mails the open folder has.

use std::time::Duration;

use imap_proto::{MailboxDatum, Response};

use super::fetch::items;
use super::{ImapError, Session};
use crate::clock::Timestamp;

/// A command that lists the UIDs of the open folder. Some servers misread one of the forms: GNU Mailutils' imap4d finds
/// no UIDs for `UID SEARCH UID 1:*`, but answers the other forms correctly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListForm {
    /// `UID SEARCH UID n:*`.
    #[default]
    Star,
    /// `UID SEARCH UID n:4294967295`.
    Largest,
    /// `UID SEARCH 1:*`, which lists all messages; UIDs outside the range are dropped.
    Everything,
    /// `UID SEARCH ALL`, which also lists all messages; UIDs outside the range are dropped.
    All,
    /// `UID FETCH n:* (UID)`.
    Fetch,
}

impl ListForm {
    /// All forms, in the order in which they are tried.
    pub const ALL: [Self; 5] = [Self::Star, Self::Largest, Self::Everything, Self::All, Self::Fetch];

    /// The name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Star => "star",
            Self::Largest => "largest",
            Self::Everything => "everything",
            Self::All => "all",
            Self::Fetch => "fetch",
        }
    }

    /// The form with this name, or the default for an unknown name.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|form| form.as_str() == name).unwrap_or_default()
    }

    /// Whether the answer lists every message of the folder, whatever the range.
    pub fn lists_all(self) -> bool {
        matches!(self, Self::Everything | Self::All)
    }

    /// Whether an open-ended range in this form always includes the last message (RFC 3501 6.4.8).
    pub fn always_lists_last(self) -> bool {
        self != Self::Largest
    }
}

/// The result of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchResult {
    /// The UIDs in the range, ascending. `None` if the server sent OK without a SEARCH response, which may mean that no
    /// mail matches, but does not prove it.
    pub uids: Option<Vec<u32>>,
    /// The highest UID in the answer, inside the range or not.
    pub highest: Option<u32>,
}

/// SINCE and BEFORE use days of the server's own calendar (reference row A15), so they are given a day this much earlier.
const CALENDAR_MARGIN: Duration = Duration::from_hours(48);

/// The day for SINCE and BEFORE, such as `1-Feb-2026` (RFC 3501 9, date). On every server's calendar, mail from before this
/// day is older than the moment.
pub fn day_before(moment: Timestamp) -> String {
    imap_date(moment.minus(CALENDAR_MARGIN).max(Timestamp(0)))
}

fn imap_date(at: Timestamp) -> String {
    at.to_datetime().strftime("%-d-%b-%Y").to_string()
}

/// Maximum number of UIDs kept from one SEARCH. A request covers at most 80,000 UIDs, and each UID uses about 50 bytes
/// while it is processed.
const MAX_UIDS: usize = 200_000;

impl Session {
    /// Lists the existing UIDs from `first` to `last` that match `also` (a search key, or empty), in this form.
    /// [`ListForm::Fetch`] ignores `also`.
    ///
    /// A range that ends with a star always includes the last mail (RFC 3501 6.4.8), so UIDs outside the range are
    /// dropped.
    pub async fn search(
        &mut self,
        first: u32,
        last: u32,
        also: &str,
        form: ListForm,
    ) -> Result<SearchResult, ImapError> {
        if form == ListForm::Fetch {
            return self.fetch_uids(first, last).await;
        }
        // Some servers read UIDs as signed numbers and misread 4294967295, so a star is sent instead.
        let end = match last {
            u32::MAX if form == ListForm::Star => "*".to_owned(),
            last => last.to_string(),
        };
        let set = match form {
            ListForm::All => "ALL".to_owned(),
            ListForm::Everything => "1:*".to_owned(),
            _ => format!("UID {first}:{end}"),
        };
        let line = format!("UID SEARCH {set}{}{also}", if also.is_empty() { "" } else { " " });
        let mut uids = Vec::new();
        let (mut has_response, mut highest) = (false, None);
        let answer = self
            .run("SEARCH", &line, |response| {
                if let Response::MailboxData(MailboxDatum::Search(found)) = response {
                    has_response = true;
                    highest = highest.max(found.iter().copied().max());
                    uids.extend(found.iter().copied().filter(|uid| (first..=last).contains(uid)));
                    if uids.len() > MAX_UIDS {
                        return Err(ImapError::Limit(format!("more than {MAX_UIDS} UIDs in one SEARCH")));
                    }
                }
                Ok(())
            })
            .await?;
        answer.ok("SEARCH")?;
        uids.sort_unstable();
        uids.dedup();
        Ok(SearchResult { uids: has_response.then_some(uids), highest })
    }

    /// Lists the UIDs in a range by FETCH. If the server sends no FETCH response, the range has no UIDs.
    async fn fetch_uids(&mut self, first: u32, last: u32) -> Result<SearchResult, ImapError> {
        let end = if last == u32::MAX { "*".to_owned() } else { last.to_string() };
        let (mut uids, mut highest) = (Vec::new(), None);
        let answer = self
            .run("FETCH", &format!("UID FETCH {first}:{end} (UID)"), |response| {
                if let Some(uid) = items(response).map(|items| items.uid) {
                    highest = highest.max(Some(uid));
                    uids.extend(Some(uid).filter(|uid| (first..=last).contains(uid)));
                    if uids.len() > MAX_UIDS {
                        return Err(ImapError::Limit(format!("more than {MAX_UIDS} UIDs in one FETCH")));
                    }
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        uids.sort_unstable();
        uids.dedup();
        Ok(SearchResult { uids: Some(uids), highest })
    }

    /// The sequence number of a mail in the open folder; `None` if the server has no mail with this UID.
    pub async fn sequence_number(&mut self, uid: u32) -> Result<Option<u32>, ImapError> {
        let mut found = None;
        let answer = self
            .run("FETCH", &format!("UID FETCH {uid} (UID)"), |response| {
                if let Response::Fetch(number, _) = response
                    && items(response).is_some_and(|items| items.uid == uid)
                {
                    found = Some(*number);
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(found)
    }

    /// The highest UID in the open folder; `None` if the folder is empty. Used with servers that do not send UIDNEXT.
    pub async fn highest_uid(&mut self) -> Result<Option<u32>, ImapError> {
        let mut highest = None;
        let answer = self
            .run("FETCH", "UID FETCH * (UID)", |response| {
                highest = highest.max(items(response).map(|items| items.uid));
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_imap_wants_them() {
        assert_eq!(imap_date(Timestamp(1_769_904_000_000)), "1-Feb-2026");
        assert_eq!(imap_date(Timestamp(0)), "1-Jan-1970");
        assert_eq!(imap_date(Timestamp(253_402_300_799_999)), "31-Dec-9999");
        assert_eq!(imap_date(Timestamp(-1)), "31-Dec-1969");
    }
}
