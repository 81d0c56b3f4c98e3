//! Recognises mail that has already passed through an inbox, by its trace fields.
//!
//! Anyone can forge such a field, but only in their own mail, which is then held, not lost.

use super::field;
use crate::mail::fields::{Field, fields, header_section};

const NAME: &str = "X-Mailferry-Inbox";
/// Maximum length of a value that is read.
const MAX_VALUE: usize = 4 << 10;
/// Maximum number of hops that are returned.
const MAX_HOPS: usize = 100;

/// The value of X-Mailferry-Inbox.
pub fn value(inbox: &str, installation: &str) -> String {
    format!("{inbox}; installation={}", super::atom(installation))
}

/// The inboxes of this installation that the mail has passed through, topmost field first. Takes the header, or the first part of the
/// mail.
pub fn own_hops(mail: &[u8], installation: &str) -> Vec<String> {
    let installation = super::atom(installation);
    let hops =
        fields(header_section(mail)).filter(|field| field.is(NAME)).filter_map(|field| hop(&field, &installation));
    hops.take(MAX_HOPS).collect()
}

fn hop(field: &Field<'_>, installation: &str) -> Option<String> {
    let value = field.unfolded(MAX_VALUE);
    let (inbox, parameter) = value.rsplit_once(';')?;
    let is_own = parameter.trim().strip_prefix("installation=") == Some(installation);
    is_own.then(|| field::unescaped(inbox.trim()).to_lowercase())
}

/// The number of Received fields. Servers refuse mail with too many: some from 25 on, most from 100 on.
pub fn received_count(mail: &[u8]) -> usize {
    fields(header_section(mail)).filter(|field| field.is("Received")).count()
}
