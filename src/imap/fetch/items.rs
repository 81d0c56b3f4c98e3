//! The requested items of a FETCH answer.

use std::borrow::Cow;

use imap_proto::{AttributeValue, Response};
use jiff::SignedDuration;
use jiff::fmt::strtime;

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

/// Reads an answer; `None` if it is not a FETCH or has no UID, so that it does not answer our request.
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
    let text = text.trim();
    // The form is checked here, since jiff accepts missing spaces and missing leading zeros, and changes leap seconds.
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    let behind_day = form.strip_prefix("99").or_else(|| form.strip_prefix('9'))?;
    let behind_month = behind_day.strip_prefix('-')?.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    if !["-9999 99:99:99 +9999", "-9999 99:99:99 -9999"].contains(&behind_month) || text.contains(":60") {
        return None;
    }
    let date = strtime::parse("%d-%b-%Y %H:%M:%S %z", text).ok()?;
    let offset = SignedDuration::from_secs(i64::from(date.offset()?.seconds()));
    let at = Timestamp::from_datetime(date.to_datetime().ok()?);
    Some(Timestamp(at.0 - i64::try_from(offset.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn internal_dates_are_parsed_in_every_form_that_servers_send() {
        for (text, wanted) in [
            ("17-Jul-1996 02:44:25 -0700", Some("1996-07-17T09:44:25Z")),
            (" 1-Jan-2026 00:00:00 +0100", Some("2025-12-31T23:00:00Z")),
            ("1-jan-2026 00:00:00 +0000", Some("2026-01-01T00:00:00Z")),
            ("01-Jan-2026 00:00:00 +0000", Some("2026-01-01T00:00:00Z")),
            ("00-Jan-0000 00:00:00 +0000", None), // Domino, reference row B14
            ("31-Dec-9999 23:59:59 -0100", Some("9999-12-31T23:59:59Z")),
            ("29-FEB-2024 23:59:59 -0000", Some("2024-02-29T23:59:59Z")),
            ("1-Jan-2020 00:00:00 +2559", Some("2019-12-30T22:01:00Z")),
            ("29-Feb-2023 00:00:00 +0000", None),
            ("31-Dec-2016 23:59:60 +0000", None),
            ("1-Jan-2026 24:00:00 +0000", None),
            ("1-Jan-2026 00:00:00", None),
            ("1-Jan-2026 00:00:00 GMT", None),
            ("1-Jan-2026 00:00:00 +00:00", None),
            ("1-Jan-2026 00:00:00 +00", None),
            ("1-Jan-2026 00:00:00 +0060", None),
            ("1-Jan-2026 00:00:00 +2600", None),
            ("1-Jan-2026 00:00:00+0000", None),
            ("1-Jan-2026  00:00:00 +0000", None),
            ("1-Jan-2026 0:00:00 +0000", None),
            ("1-Jan-26 00:00:00 +0000", None),
            ("1-Jan--026 00:00:00 +0000", None),
            ("1-January-2026 00:00:00 +0000", None),
            ("1-1-2026 00:00:00 +0000", None),
            ("001-Jan-2026 00:00:00 +0000", None),
            ("-1-Jan-2026 00:00:00 +0000", None),
            ("\u{661}-Jan-2026 00:00:00 +0000", None), // an Arabic digit
            ("", None),
        ] {
            assert_eq!(internal_date(text).map(|at| at.to_string()).as_deref(), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_internal_date_reads_back_as_the_same_time(
            seconds in -62_135_596_800_i64..=253_402_200_000,
            minutes in -14 * 60..=14 * 60_i64,
        ) {
            let local = Timestamp((seconds + minutes * 60) * 1000).to_datetime();
            let (sign, offset) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            let text = format!("{} {sign}{:02}{:02}", local.strftime("%e-%b-%Y %H:%M:%S"), offset / 60, offset % 60);
            prop_assert_eq!(internal_date(&text), Some(Timestamp(seconds * 1000)), "{}", text);
        }

        #[test]
        fn no_text_instead_of_a_date_causes_a_panic(text: String, close in "[0-9 :+A-Za-z-]{0,30}") {
            internal_date(&text);
            internal_date(&close);
        }
    }
}
