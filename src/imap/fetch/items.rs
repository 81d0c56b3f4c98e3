//! The requested items of a FETCH answer.

use std::borrow::Cow;

use imap_proto::{AttributeValue, Response};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::clock::Timestamp;

/// The items of one FETCH answer.
#[derive(Debug, Default)]
pub struct Items<'a> {
    pub uid: u32,
    /// INTERNALDATE, if readable.
    pub internal_date: Option<Timestamp>,
    /// RFC822.SIZE.
    pub size: Option<u64>,
    /// A section of the mail, such as its header; `None` also for NIL.
    pub header: Option<&'a [u8]>,
}

/// Reads an answer; `None` if it is not a FETCH or has no UID, and thus is about something else.
pub fn items<'a>(response: &'a Response<'_>) -> Option<Items<'a>> {
    let attributes = attributes(response)?;
    let uid = attributes.iter().find_map(|item| if let AttributeValue::Uid(uid) = item { Some(*uid) } else { None })?;
    let mut items = Items { uid, ..Items::default() };
    for item in attributes {
        match item {
            AttributeValue::InternalDate(date) => items.internal_date = internal_date(date),
            AttributeValue::Rfc822Size(size) => items.size = Some(u64::from(*size)),
            AttributeValue::BodySection { section: Some(_), data, .. } => items.header = data.as_deref(),
            _ => {}
        }
    }
    Some(items)
}

/// The bodies in an answer, each with the offset that the server states; `None` bytes for NIL.
pub fn bodies<'a>(response: &'a Response<'_>) -> impl Iterator<Item = (Option<u32>, Option<&'a Cow<'a, [u8]>>)> {
    attributes(response).unwrap_or_default().iter().filter_map(|item| match item {
        AttributeValue::BodySection { section: None, index, data } => Some((*index, data.as_ref())),
        _ => None,
    })
}

fn attributes<'a>(response: &'a Response<'_>) -> Option<&'a [AttributeValue<'a>]> {
    match response {
        Response::Fetch(_, items) => Some(items),
        _ => None,
    }
}

/// Parses `17-Jul-1996 02:44:25 -0700` (RFC 3501 9, date-time). A one-digit day may have a leading space.
fn internal_date(text: &str) -> Option<Timestamp> {
    let format = format_description!(
        version = 2,
        "[day padding:none]-[month repr:short case_sensitive:false]-[year] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
    );
    OffsetDateTime::parse(text.trim(), format).ok().map(Timestamp::from_datetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates_are_read_as_servers_write_them() {
        for (text, wanted) in [
            ("17-Jul-1996 02:44:25 -0700", Some("1996-07-17T09:44:25Z")),
            (" 1-Jan-2026 00:00:00 +0100", Some("2025-12-31T23:00:00Z")),
            ("1-jan-2026 00:00:00 +0000", Some("2026-01-01T00:00:00Z")),
            ("01-Jan-2026 00:00:00 +0000", Some("2026-01-01T00:00:00Z")),
            ("00-Jan-0000 00:00:00 +0000", None), // Domino, reference row B14
            ("", None),
        ] {
            assert_eq!(internal_date(text).map(|at| at.to_string()).as_deref(), wanted, "{text}");
        }
    }
}
