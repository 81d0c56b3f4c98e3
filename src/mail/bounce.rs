//! Bounces of deliveries: delivery reports (RFC 3464) that return to the envelope sender, whose address contains the number
//! of the delivery (VERP).

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::fields::fields;
use crate::address::Address;

/// Maximum length of a text that is kept from a report.
const MAX_TEXT: usize = 300;
/// Number of bytes of a report that are read: reports are small, but may contain the whole returned mail.
const MAX_READ: usize = 256 << 10;
/// Senders (local parts) by which a report in a non-standard form is recognised.
const REPORTERS: [&str; 2] = ["mailer-daemon", "postmaster"];

/// The delivery number and signature in a bounce address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceAddress {
    /// The delivery's number.
    pub delivery: i64,
    /// Proves that this installation created the address.
    pub signature: String,
}

/// The reason why a mail was returned.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// The enhanced status code (RFC 3463), such as 5.1.1.
    pub status: Option<String>,
    /// The text of the server that refused the mail.
    pub words: String,
}

/// The envelope sender of a delivery: `bounces+d42.SIGNATURE@kundo.example`.
pub fn address(sender: &Address, delivery: i64, secret: &[u8]) -> String {
    let (local, domain) = sender.as_str().rsplit_once('@').unwrap_or((sender.as_str(), ""));
    format!("{local}+d{delivery}.{}@{domain}", signature(secret, delivery))
}

/// A 48-bit signature that only the owner of the secret can compute.
pub fn signature(secret: &[u8], delivery: i64) -> String {
    crate::opaque::signature(secret, "bounce", delivery)
}

/// The first of these addresses that is a bounce address.
pub fn find<'a>(recipients: impl IntoIterator<Item = &'a Address>) -> Option<BounceAddress> {
    recipients.into_iter().find_map(|recipient| {
        let (local, _) = recipient.as_str().rsplit_once('@')?;
        let (_, tag) = local.rsplit_once("+d")?;
        let (number, signature) = tag.split_once('.')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_signature = signature.len() == 12 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
        let delivery = number.parse().ok().filter(|_| is_number && is_signature)?;
        Some(BounceAddress { delivery, signature: signature.to_ascii_lowercase() })
    })
}

/// The failure that a mail reports. `None` if it reports a delay or a success, or is not a report, for example a vacation
/// notice.
pub fn failure(mail: &[u8], from: Option<&str>) -> Option<Report> {
    let mail = mail.get(..MAX_READ).unwrap_or(mail);
    // Parsers are complex and their input is untrusted. A mail that cannot be parsed is not a report.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let message = MessageParser::default().parse(mail)?;
        let status = message.parts.iter().find(|part| {
            // RFC 6533 defines the second type.
            ["delivery-status", "global-delivery-status"].iter().any(|kind| part.is_content_type("message", kind))
        });
        match status.map(|part| &part.body) {
            Some(PartType::Text(text)) => Some(standard(text.as_bytes())),
            Some(PartType::Binary(bytes) | PartType::InlineBinary(bytes)) => Some(standard(bytes)),
            Some(_) => Some(None),
            None => Some(unstructured(from?, message.subject().unwrap_or_default())),
        }
    }));
    parsed.ok().flatten().flatten()
}

/// Reads a report in the standard form: fields about the message, then a block of fields for each recipient.
fn standard(report: &[u8]) -> Option<Report> {
    let text = String::from_utf8_lossy(report).replace("\r\n", "\n");
    text.split("\n\n").find_map(|block| {
        let block = format!("{block}\n").replace('\n', "\r\n");
        let get =
            |name: &str| fields(block.as_bytes()).find(|field| field.is(name)).map(|field| field.unfolded(MAX_TEXT));
        if !get("Action")?.eq_ignore_ascii_case("failed") {
            return None;
        }
        let status = get("Status").map(|status| status.split(' ').next().unwrap_or_default().to_owned());
        // "smtp; 550 5.1.1 no such user": the type of the code, then its text.
        let words = get("Diagnostic-Code").unwrap_or_default();
        let words = words.split_once(';').map_or(words.as_str(), |(_, words)| words.trim());
        Some(Report { status: status.filter(|status| !status.is_empty()), words: clean(words) })
    })
}

/// Reads a report in a non-standard form, such as that of qmail, which is recognised by its sender. Delay notices are
/// ignored.
fn unstructured(from: &str, subject: &str) -> Option<Report> {
    let local = from.split('@').next().unwrap_or_default();
    let is_report = REPORTERS.iter().any(|reporter| local.eq_ignore_ascii_case(reporter));
    let subject_words = subject.to_ascii_lowercase();
    let is_notice = ["delay", "warning"].iter().any(|word| subject_words.contains(word));
    (is_report && !is_notice).then(|| Report { status: None, words: clean(subject) })
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Address> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_bounce_address_names_its_delivery_and_cannot_be_made_up() {
        let sender: Address = "bounces@kundo.example".parse().unwrap();
        let of_delivery = address(&sender, 42, &[1; 32]);
        assert!(of_delivery.starts_with("bounces+d42.") && of_delivery.ends_with("@kundo.example"), "{of_delivery}");
        let found = find(&addresses(&["jobb@lillestad.se", &of_delivery.to_uppercase()])).unwrap();
        assert_eq!(found, BounceAddress { delivery: 42, signature: signature(&[1; 32], 42) });
        assert_ne!(found.signature, signature(&[1; 32], 43));
        assert_ne!(found.signature, signature(&[2; 32], 42), "another installation signs differently");
    }

    #[test]
    fn other_addresses_are_not_bounce_addresses() {
        for text in [
            "bounces@kundo.example",
            "bounces+d42@kundo.example",
            "bounces+d.0123456789ab@kundo.example",
            "bounces+d42.0123456789@kundo.example",
            "bounces+d42.0123456789xy@kundo.example",
            "bounces+d-1.0123456789ab@kundo.example",
            "bounces+d99999999999999999999.0123456789ab@kundo.example",
            "anna+d42x.0123456789ab@kundo.example",
        ] {
            assert_eq!(find(&addresses(&[text])), None, "{text}");
        }
    }

    fn report(fields: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example\r\n\r\n{fields}\r\n\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: hej\r\n\r\nhej\r\n--b--\r\n"
        )
    }

    fn reported(status: &str, words: &str) -> Option<Report> {
        let status = Some(status.to_owned()).filter(|status| !status.is_empty());
        Some(Report { status, words: words.to_owned() })
    }

    #[test]
    fn a_report_gives_the_status_and_the_text_of_the_server() {
        let failed = "Final-Recipient: rfc822; jobb@kundo.example\r\nAction: failed\r\n";
        for (fields, expected) in [
            (
                format!("{failed}Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n <jobb@kundo.example> unknown"),
                reported("5.1.1", "550 5.1.1 <jobb@kundo.example> unknown"),
            ),
            (format!("{failed}Status: 5.2.2 (mailbox full)"), reported("5.2.2", "")),
            (failed.replace("failed", "Failed"), reported("", "")),
            (failed.replace("failed", "delayed"), None),
            (failed.replace("failed", "delivered"), None),
            (format!("{}\r\n\r\n{failed}Status: 5.0.0", failed.replace("failed", "relayed")), reported("5.0.0", "")),
            ("Status: 5.1.1".to_owned(), None),
        ] {
            assert_eq!(failure(report(&fields).as_bytes(), Some("mailer-daemon@mx.example")), expected, "{fields}");
        }
    }

    #[test]
    fn a_report_in_a_non_standard_form_is_recognised_by_its_sender() {
        let qmail =
            b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program.";
        assert_eq!(failure(qmail, Some("MAILER-DAEMON@mx.example")), reported("", "failure notice"));
        let vacation =
            b"From: anna@kundo.example\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.";
        assert_eq!(failure(vacation, Some("anna@kundo.example")), None);
        let notice =
            b"From: MAILER-DAEMON@mx.example\r\nSubject: Warning: message delayed 24 hours\r\n\r\nStill trying.";
        assert_eq!(failure(notice, Some("MAILER-DAEMON@mx.example")), None);
        for bytes in [&b""[..], b"\r\n\r\n", b"\xff\xfe", b"Content-Type: message/delivery-status\r\n\r\n"] {
            assert_eq!(failure(bytes, None), None);
        }
    }
}
