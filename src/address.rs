//! Mail addresses as keys, in lower case: an address has one row, however it was typed.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A mail address, checked for its shape and in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain: the part after the @.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address of an inbox for a customer's address: `jobb@lillestad.se` at `mail.kundo.se` becomes
    /// `jobb.lillestad.se@mail.kundo.se`.
    pub fn derive(customer: &Self, domain: &str) -> Result<Self, String> {
        format!("{}@{domain}", customer.0.replace('@', ".")).parse()
    }

    /// The address without its plus part: `jobb+anna@lillestad.se` is delivered to `jobb@lillestad.se` (RFC 5233).
    #[must_use]
    pub fn without_plus(&self) -> Self {
        match self.0.split_once('@') {
            Some((local, domain)) => match local.split_once('+') {
                Some((base, _)) if !base.is_empty() => Self(format!("{base}@{domain}")),
                _ => self.clone(),
            },
            None => self.clone(),
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let invalid = |why: &str| Err(format!("{text:?} is not a mail address: {why}"));
        if text.len() > 320 {
            return Err("a mail address has at most 320 characters".to_owned());
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"(),;\\".contains(c)) {
            return invalid("it contains an invalid character");
        }
        match text.split_once('@') {
            None => invalid("it has no @"),
            Some((_, domain)) if domain.contains('@') => invalid("it has more than one @"),
            Some(("", _)) => invalid("the part before the @ is missing"),
            Some((_, domain)) if domain.is_empty() || domain.starts_with('.') || domain.ends_with('.') => {
                invalid("the domain after the @ is missing or invalid")
            }
            Some(_) => Ok(Self(text.to_lowercase())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_case_and_plus() {
        let address: Address = " Jobb+Anna@Lillestad.SE ".parse().unwrap();
        assert_eq!(address.as_str(), "jobb+anna@lillestad.se");
        assert_eq!(address.without_plus().as_str(), "jobb@lillestad.se");
        assert_eq!("+a@b.se".parse::<Address>().unwrap().without_plus().as_str(), "+a@b.se");
    }

    #[test]
    fn an_inbox_address_is_derived_from_the_customers() {
        let customer = "Jobb@lillestad.se".parse().unwrap();
        assert_eq!(Address::derive(&customer, "mail.kundo.se").unwrap().as_str(), "jobb.lillestad.se@mail.kundo.se");
    }

    #[test]
    fn invalid_addresses_are_refused() {
        for text in ["", "jobb", "@b.se", "a@", "a@b@c", "a b@c.se", "a@b.se\r\nX: y", "<a@b.se>", "a@.se", "a@se."] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
