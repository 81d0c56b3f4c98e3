//! The trace fields: header fields on top of a mail, which itself is sent on byte for byte.
//!
//! A Message-ID is never added, and the mail's own fields are never changed: either would break DKIM signatures (RFC 6376). Pure.

mod field;
mod hops;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::mail::fields::{fields, header_section};
use crate::opaque;
use crate::shown::shown_within;
use crate::store::Installation;

pub use crate::mail::auto_submitted::{AutoSubmitted, auto_submitted};
pub use hops::{own_hops, received_count};

/// Maximum length of the evidence, in characters.
const MAX_EVIDENCE: usize = 500;
/// Maximum length of Authentication-Results, in bytes.
const MAX_RESULTS: usize = 2000;

/// The field with the id of the message.
pub const MESSAGE_FIELD: &str = "X-Mailferry-Message";

/// The id of a message outside Mailferry. It is signed: only a mail that this installation has delivered carries it.
pub fn message_id(installation: &Installation, message: i64) -> String {
    format!("{}-m{message}.{}", installation.name, opaque::signature(&installation.secret, "message", message))
}

/// The values of the trace fields.
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    /// The id of this delivery. It is the same for every attempt.
    pub delivery: &'a str,
    /// The id of the message. It is the same for every inbox and target.
    pub message: &'a str,
    /// The id of this installation.
    pub installation: &'a str,
    /// The name of this host.
    pub host: &'a str,
    /// The host of the mailbox.
    pub imap_host: &'a str,
    pub mailbox: &'a str,
    pub inbox: &'a str,
    pub reply_from: Option<&'a str>,
    pub imported_at: Timestamp,
    /// Why the mail is in this inbox.
    pub evidence: &'a str,
    pub is_historic: bool,
    pub auto_submitted: AutoSubmitted,
    /// From [`authentication_results`].
    pub authentication_results: Option<&'a str>,
    /// Whether the fields may contain UTF-8 (RFC 6532): a webhook accepts it, a mail server may not.
    pub is_utf8: bool,
}

impl Trace<'_> {
    /// Writes the fields. Every line ends with CRLF.
    ///
    /// Whatever the values contain, no line exceeds 998 octets, and no value can add a field.
    pub fn fields(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        let mut add = |name: &str, value: &str| field::write(&mut out, name, value);
        add("Received", &self.received());
        add("Delivered-To", &self.address(self.mailbox));
        add("X-Mailferry-Inbox", &hops::value(&self.address(self.inbox), self.installation));
        add("X-Mailferry-Mailbox", &self.address(self.mailbox));
        add(MESSAGE_FIELD, &field::escaped(self.message));
        add("X-Mailferry-Evidence", &field::encoded_words(&shown_within(self.evidence, MAX_EVIDENCE)));
        add("X-Mailferry-Historic", if self.is_historic { "true" } else { "false" });
        add("X-Mailferry-Auto-Submitted", self.auto_submitted.as_str());
        if let Some(reply_from) = self.reply_from {
            add("X-Mailferry-Reply-From", &self.address(reply_from));
        }
        if let Some(results) = self.authentication_results {
            add("X-Mailferry-Authentication-Results", &field::escaped(results));
        }
        out
    }

    /// The value of Received (RFC 5321 section 4.4). IMAP is not a registered `with` protocol, but fetchmail and others use
    /// it.
    fn received(&self) -> String {
        let (from, by, id) = (domain(self.imap_host), domain(self.host), atom(self.delivery));
        // Without SMTPUTF8 a non-ASCII address cannot be written here; the clause is optional.
        let inbox = Some(self.inbox).filter(|inbox| self.is_utf8 || inbox.is_ascii());
        let inbox = inbox.filter(|inbox| !inbox.contains(['<', '>', ';', '(', ')']));
        let recipient = inbox.map(|inbox| format!(" for <{inbox}>")).unwrap_or_default();
        let at = self.imported_at.to_datetime().strftime("%a, %d %b %Y %H:%M:%S +0000");
        format!("from {from} by {by} with IMAP id {id}{recipient}; {at}")
    }

    fn address(&self, address: &str) -> String {
        if self.is_utf8 { address.to_owned() } else { field::escaped(address) }
    }
}

/// The topmost Authentication-Results (RFC 8601) of a mail, unfolded and limited in length. Takes the header, or the first part of
/// the mail. The topmost field is that of the customer's own server; if this server writes none, anyone may have written it.
pub fn authentication_results(mail: &[u8]) -> Option<String> {
    let field = fields(header_section(mail)).find(|field| field.is("Authentication-Results"))?;
    Some(field.unfolded(MAX_RESULTS)).filter(|value| !value.is_empty())
}

/// The return path that the customer's server wrote on top of the mail, without angle brackets; empty for `<>`.
pub fn return_path(mail: &[u8]) -> Option<String> {
    let field = fields(header_section(mail)).find(|field| field.is("Return-Path"))?;
    let value = field.unfolded(1000);
    let (_, after) = value.split_once('<')?;
    after.split_once('>').map(|(path, _)| path.to_owned())
}

/// A domain or an address literal (RFC 5321 section 4.1.2).
fn domain(host: &str) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => return format!("[{ip}]"),
        Ok(IpAddr::V6(ip)) => return format!("[IPv6:{ip}]"),
        Err(_) => {}
    }
    let name: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// An atom (RFC 5322 section 3.2.3), with dots.
fn atom(text: &str) -> String {
    let atom =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) { c } else { '-' });
    let atom: String = atom.collect();
    if atom.is_empty() { "-".to_owned() } else { atom }
}
