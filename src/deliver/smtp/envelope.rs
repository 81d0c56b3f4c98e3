//! The envelope: sender and recipient as MAIL and RCPT write them.

use super::Extensions;
use crate::address::Address;
use crate::discover::host_name;
use crate::fact::DeliveryProblem;

/// Sender and recipient of a transaction. An `Address` contains no character that could end a command early.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// `None` is the null sender `<>`, which never receives a bounce.
    pub from: Option<&'a Address>,
    /// A single recipient, so that every answer belongs to one delivery.
    pub to: &'a Address,
}

/// Both addresses in the form in which they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    pub from: String,
    pub to: String,
    /// Whether an address is not ASCII, so that MAIL needs SMTPUTF8. It is not requested for UTF-8 in the content alone, since a later
    /// server without SMTPUTF8 would then have to refuse a mail that it could carry.
    pub needs_utf8: bool,
}

impl Paths {
    pub fn new(envelope: &Envelope<'_>, extensions: &Extensions) -> Result<Self, DeliveryProblem> {
        let from = envelope.from.map_or_else(|| Ok(String::new()), |from| path(from, extensions))?;
        let to = path(envelope.to, extensions)?;
        let needs_utf8 = !(from.is_ascii() && to.is_ascii());
        Ok(Self { from, to, needs_utf8 })
    }
}

/// The address in ASCII if possible: a domain can be written as A-labels (RFC 5890), a local part cannot (RFC 6531 3.2).
fn path(address: &Address, extensions: &Extensions) -> Result<String, DeliveryProblem> {
    let text = address.as_str();
    if text.is_ascii() {
        return Ok(text.to_owned());
    }
    if let Some((local, domain)) = text.split_once('@').filter(|(local, _)| local.is_ascii())
        && let Some(domain) = host_name(domain)
    {
        return Ok(format!("{local}@{domain}"));
    }
    match extensions.smtputf8 {
        true => Ok(text.to_owned()),
        false => Err(DeliveryProblem::AddressNeedsUtf8 { address: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(from: &str, to: &str, smtputf8: bool) -> Result<Paths, DeliveryProblem> {
        let from: Option<Address> = (!from.is_empty()).then(|| from.parse().unwrap());
        let envelope = Envelope { from: from.as_ref(), to: &to.parse().unwrap() };
        Paths::new(&envelope, &Extensions { smtputf8, ..Extensions::default() })
    }

    #[test]
    fn smtputf8_is_needed_only_where_no_ascii_form_exists() {
        for (from, to, sent_from, sent_to, needs_utf8) in [
            ("", "jobb@l.se", "", "jobb@l.se", false),
            ("b+1@l.se", "jobb@mail.kundo.se", "b+1@l.se", "jobb@mail.kundo.se", false),
            ("", "jobb@åmål.se", "", "jobb@xn--ml-xiab.se", false),
            ("", "jörgen@åmål.se", "", "jörgen@åmål.se", true),
            ("jörgen@l.se", "jobb@åmål.se", "jörgen@l.se", "jobb@xn--ml-xiab.se", true),
        ] {
            let expected = Paths { from: sent_from.to_owned(), to: sent_to.to_owned(), needs_utf8 };
            assert_eq!(paths(from, to, true), Ok(expected.clone()), "{to}");
            match needs_utf8 {
                false => assert_eq!(paths(from, to, false), Ok(expected)),
                true => assert!(matches!(paths(from, to, false), Err(DeliveryProblem::AddressNeedsUtf8 { .. }))),
            }
        }
    }

    #[test]
    fn no_address_can_end_a_command_early() {
        for text in ["a@l.se>\r\nRCPT TO:<b@l.se", "a b@l.se", "a@l.se> SIZE=1", "<a@l.se>", "a\r@l.se", "a\0@l.se"] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
        assert_eq!(" a@l.se\r\n".parse::<Address>().unwrap().as_str(), "a@l.se");
    }
}
