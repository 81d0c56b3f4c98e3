//! Parses the header as far as possible. Nothing here can fail an import, which needs only the raw bytes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use mail_parser::{HeaderForm, HeaderName, HeaderValue, Message, MessageParser};
use sha2::{Digest as _, Sha256};

use super::digest::Digest;
use crate::address::Address;

/// The fields of a header that could be parsed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Header {
    /// Message-ID as written, with angle brackets.
    pub message_id: Option<String>,
    /// The address of the first sender.
    pub from: Option<String>,
    pub subject: Option<String>,
    /// The recipients: header fields with their addresses, in the order of precedence.
    pub recipients: Vec<(&'static str, Vec<Address>)>,
    /// The field that marks the mail as automatic, with its value.
    pub automatic: Option<String>,
    /// Fields written by the sender, unfolded, since relays fold lines differently.
    sender_fields: Vec<(&'static str, String)>,
}

impl Header {
    /// Whether this is a mail that Exchange returns, with OK, in place of one that it cannot convert
    /// (OfflineIMAP/offlineimap#62): `Subject: Retrieval using the IMAP4 protocol failed for the following message:
    /// 20004`.
    pub fn is_exchange_substitute(&self) -> bool {
        let number = self.subject.as_deref().and_then(|subject| subject.strip_prefix(EXCHANGE_SUBSTITUTE_SUBJECT));
        number.is_some_and(|number| number.trim().bytes().all(|byte| byte.is_ascii_digit()))
    }
}

const EXCHANGE_SUBSTITUTE_SUBJECT: &str = "Retrieval using the IMAP4 protocol failed for the following message:";

/// The header fields with recipients, in the order of precedence. Fields added by a server at delivery come before
/// fields written by the sender, since To does not contain Bcc recipients, aliases and list subscribers.
const RECIPIENT_FIELDS: [&str; 6] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc"];

/// Maximum number of recipients that are used for routing, so that a header with half a million addresses does not take
/// minutes.
const MAX_RECIPIENTS: usize = 1000;

/// A parser for only those fields that are used: parsing Received alone would take longer than parsing all of them.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new().header_id(HeaderName::MessageId).header_text(HeaderName::Subject).default_header_ignore()
});

/// Parses a header section.
pub fn header(bytes: &[u8]) -> Header {
    // Parsers are complex and their input is untrusted. After a panic the mail counts as having no readable header.
    catch_unwind(AssertUnwindSafe(|| parse(bytes))).unwrap_or_default()
}

fn parse(bytes: &[u8]) -> Header {
    // The parser ignores a header without an empty line at its end, as in a mail that is all header.
    let ended = [bytes, b"\r\n\r\n"].concat();
    let Some(message) = PARSER.parse_headers(&ended) else { return Header::default() };
    let mut header = Header {
        message_id: message.message_id().map(|id| clean(&format!("<{id}>"))).filter(|id| id.len() > 2),
        from: sender(&message),
        subject: message.subject().map(clean).filter(|subject| !subject.is_empty()),
        recipients: Vec::new(),
        automatic: automatic(&message),
        sender_fields: sender_fields(&message),
    };
    for field in RECIPIENT_FIELDS {
        let addresses = addresses(&message, field);
        if !addresses.is_empty() {
            header.recipients.push((field, addresses));
        }
    }
    header
}

fn sender(message: &Message<'_>) -> Option<String> {
    let fields = message.header_as("From", HeaderForm::Addresses);
    let address = fields.iter().find_map(|field| field.as_address()?.first()?.address().map(clean));
    address.filter(|address| !address.is_empty())
}

fn sender_fields(message: &Message<'_>) -> Vec<(&'static str, String)> {
    ["Message-ID", "From", "Date", "Subject", "To", "Cc"]
        .into_iter()
        .filter_map(|name| {
            let field = message.headers().iter().find(|field| field.name() == name)?;
            let unfolded = unfolded(message, field)?;
            (!unfolded.is_empty()).then_some((name, unfolded))
        })
        .collect()
}

fn unfolded(message: &Message<'_>, field: &mail_parser::Header<'_>) -> Option<String> {
    let (start, end) = (usize::try_from(field.offset_start).ok()?, usize::try_from(field.offset_end).ok()?);
    let raw = String::from_utf8_lossy(message.raw_message.get(start..end)?);
    Some(raw.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The field by which the sender marks the mail as automatic, with its value: Auto-Submitted (RFC 3834 section 5), its
/// non-standard relatives, or the empty return path of reports and automatic replies (RFC 3834 section 3.3). Mail of a
/// mailing list does not count.
fn automatic(message: &Message<'_>) -> Option<String> {
    message.headers().iter().find_map(|field| {
        let name = field.name();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if !["Auto-Submitted", "Precedence", "X-Autoreply", "X-Autorespond", "Return-Path"].into_iter().any(is) {
            return None;
        }
        let value = unfolded(message, field)?;
        let word = value.split([' ', ';', '(']).next().unwrap_or_default().to_ascii_lowercase();
        let is_automatic = match () {
            () if is("Auto-Submitted") => !word.is_empty() && word != "no",
            () if is("Precedence") => ["bulk", "junk", "auto_reply"].contains(&word.as_str()),
            () if is("Return-Path") => word == "<>",
            () => word != "no",
        };
        is_automatic.then(|| clean(&format!("{name}: {value}")))
    })
}

fn addresses(message: &Message<'_>, field: &'static str) -> Vec<Address> {
    let mut found = Vec::new();
    for value in message.header_as(field, HeaderForm::Addresses) {
        if let HeaderValue::Address(list) = value {
            for entry in list.iter().take(MAX_RECIPIENTS) {
                if let Some(address) = entry.address().and_then(|text| text.parse().ok())
                    && !found.contains(&address)
                    && found.len() < MAX_RECIPIENTS
                {
                    found.push(address);
                }
            }
        }
    }
    found
}

/// Prepares a text for a database column and for display: removes control characters (PostgreSQL rejects NUL) and
/// limits the length.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect::<String>().trim().to_owned()
}

/// An identity that is equal for two arrivals of the same mail: a hash of Message-ID, From, Date and body. Fields that
/// servers add on the way are left out. Without a Message-ID, the hash is of From, Date, Subject, To, Cc and body; if From
/// or Date is missing too, it is of the whole mail.
pub fn identity(digest: &Digest, header: &Header) -> [u8; 32] {
    let get =
        |name: &str| header.sender_fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str());
    let parts: Vec<Option<&str>> = match (get("Message-ID"), get("From"), get("Date")) {
        (Some(id), from, date) => vec![Some("id"), Some(id), from, date],
        (None, Some(from), Some(date)) => {
            vec![Some("fields"), Some(from), Some(date), get("Subject"), get("To"), get("Cc")]
        }
        _ => return digest.sha256,
    };
    let mut hash = Sha256::new();
    for part in parts {
        // Prefix each part with its length, so that different lists of parts cannot give the same hash.
        hash.update(part.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.update(digest.body_sha256);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_are_read() {
        let header = header(
            b"Delivered-To: Jobb+x@lillestad.se\r\nDelivered-To: <second@lillestad.se>\r\nX-Original-To: jobb@lillestad.se\r\n\
              From: =?utf-8?q?Anna_=C3=85?= <anna@example.org>\r\nTo: Jobb <jobb@lillestad.se>, b@c.se\r\n\
              Subject: =?utf-8?B?w4RyZW5kZQ==?=\r\nMessage-ID: <1@example.org>\r\n\r\n",
        );
        assert_eq!(header.message_id.as_deref(), Some("<1@example.org>"));
        assert_eq!(header.from.as_deref(), Some("anna@example.org"));
        assert_eq!(header.subject.as_deref(), Some("Ärende"));
        let recipients = |field: &str| -> Vec<&str> {
            header
                .recipients
                .iter()
                .filter(|(f, _)| *f == field)
                .flat_map(|(_, a)| a.iter().map(Address::as_str))
                .collect()
        };
        assert_eq!(recipients("Delivered-To"), ["jobb+x@lillestad.se", "second@lillestad.se"]);
        assert_eq!(recipients("X-Original-To"), ["jobb@lillestad.se"]);
        assert_eq!(recipients("To"), ["jobb@lillestad.se", "b@c.se"]);
    }

    #[test]
    fn automatic_mail_is_recognised() {
        for (fields, expected) in [
            ("Auto-Submitted: auto-replied", Some("Auto-Submitted: auto-replied")),
            ("auto-submitted: Auto-Generated (vacation); x=1", Some("Auto-Submitted: Auto-Generated (vacation); x=1")),
            ("Subject: x\r\nAuto-Submitted:\r\n auto-notified", Some("Auto-Submitted: auto-notified")),
            ("Auto-Submitted: no", None),
            ("Auto-Submitted: No (said by a person)", None),
            ("Auto-Submitted:", None),
            ("Precedence: bulk", Some("Precedence: bulk")),
            ("Precedence: list", None),
            ("Precedence: first-class", None),
            ("X-Autoreply: yes", Some("X-Autoreply: yes")),
            ("Return-Path: <>", Some("Return-Path: <>")),
            ("Return-Path: <anna@example.org>", None),
            ("Subject: Auto-Submitted: auto-replied", None),
            ("\r\nAuto-Submitted: auto-replied", None),
            ("", None),
        ] {
            assert_eq!(header(format!("{fields}\r\n\r\n").as_bytes()).automatic.as_deref(), expected, "{fields}");
        }
    }

    #[test]
    fn exchanges_substitute_for_a_mail_is_distinguished_from_a_mail_that_quotes_it() {
        for (subject, is_substitute) in [
            ("Retrieval using the IMAP4 protocol failed for the following message: 20004", true),
            ("Retrieval using the IMAP4 protocol failed for the following message: 752 again", false),
            ("FW: Retrieval using the IMAP4 protocol failed for the following message: 20004", false),
        ] {
            let header =
                header(format!("From: Microsoft Exchange Server 2010\r\nSubject: {subject}\r\n\r\n").as_bytes());
            assert_eq!(header.is_exchange_substitute(), is_substitute, "{subject}");
        }
    }

    #[test]
    fn a_header_without_an_empty_line_is_read() {
        for mail in ["Subject: a\r\nFrom: a@x.se", "Subject: a\nFrom: a@x.se\n"] {
            let header = header(mail.as_bytes());
            assert_eq!((header.subject.as_deref(), header.from.as_deref()), (Some("a"), Some("a@x.se")), "{mail:?}");
        }
    }

    #[test]
    fn malformed_fields_are_absent_and_never_an_error() {
        for bytes in [&b""[..], b"\0\0\0", b"\r\n\r\n", b"From:\r\nSubject: \0\r\n\r\n", b":\r\n", &[0xff; 5000]] {
            let header = header(bytes);
            assert_eq!((header.from, header.message_id), (None, None), "{bytes:?}");
        }
    }

    #[test]
    fn two_copies_of_one_mail_have_the_same_identity() {
        let identity_of = |mail: &str| {
            let digest = Digest::from_bytes(mail.as_bytes());
            identity(&digest, &header(&digest.header))
        };
        let mail = "Message-ID: <1@x>\r\nFrom: a@x\r\nDate: Mon, 1 Jan 2026 00:00:00 +0000\r\n\r\nhej";
        assert_eq!(identity_of(mail), identity_of(&format!("Received: by b\r\nDelivered-To: c@d\r\n{mail}")));
        assert_eq!(identity_of(mail), identity_of(&mail.replace("Jan 2026", "Jan\r\n 2026")));
        for (from, to) in [("<1@x>", "<2@x>"), ("a@x", "b@x"), ("1 Jan", "2 Jan"), ("hej", "hej!")] {
            assert_ne!(identity_of(mail), identity_of(&mail.replace(from, to)), "{from}");
        }
    }

    #[test]
    fn mails_without_distinguishing_fields_are_equal_only_byte_by_byte() {
        let identity_of = |mail: &str| {
            let digest = Digest::from_bytes(mail.as_bytes());
            identity(&digest, &header(&digest.header))
        };
        assert_ne!(identity_of("Subject: a\r\n\r\n"), identity_of("Subject: b\r\n\r\n"));
        assert_ne!(
            identity_of("From: a@x\r\nDate: today\r\nSubject: a\r\n\r\n"),
            identity_of("From: a@x\r\nDate: today\r\nSubject: b\r\n\r\n")
        );
        assert_ne!(identity_of("X: 1\r\nFrom: a@x\r\n\r\n"), identity_of("X: 2\r\nFrom: a@x\r\n\r\n"));
        assert_eq!(identity_of(""), identity_of(""));
    }
}
