//! What polls, checks and the ledger say in plain English, told in the reader's language where it is one of the known
//! sentences. What a server says stays as it is.

use std::fmt::Display;

use super::{Words, of_step};
use crate::fact::{Fact, Kept, Reason};
use crate::locale;

/// What is said at a step of a check, or of a thing (`note`, `obstacle`, `reason`, `who`), and the text that tells it. What stands in
/// braces there is told in the text too.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("dns", "{host} is {addresses}", "said-dns"),
    ("tcp", "port {port} answers", "said-tcp"),
    ("tls", "none, as chosen: password or access token, and mail, go in clear text", "said-tls-none"),
    ("tls", "{how}; certificate of {subject}, valid until {until}; SHA-256 {fingerprint}", "said-tls"),
    ("login", "as {username}", "said-login"),
    ("folder", "and {count} more folders", "said-more-folders"),
    ("folder", "{folder}: an unknown number of messages", "said-folder-unknown"),
    ("folder", "{folder}: {count} messages", "said-folder"),
    ("select", "{folder} opens read-only, {count} messages", "said-select"),
    (
        "select",
        "{folder} opens read-only, {count} messages; the server gives no UIDVALIDITY, so its mails are told apart by \
         Message-ID and date",
        "said-select-without-uidvalidity",
    ),
    ("after-import", "leave: the folder is opened read-only and nothing in it is ever changed", "copy-exactly-leave"),
    ("who", "command line", "said-command-line"),
    ("who", "connect link", "said-connect-link"),
];

impl Words {
    /// What is said of a thing or at a step, in the reader's language.
    pub fn said(&self, of: &str, text: &str) -> String {
        let known = SENTENCES.iter().filter(|(what, ..)| *what == of);
        let told = known.filter_map(|(_, pattern, name)| Some((*name, within(pattern, text)?))).next();
        told.map_or_else(
            || text.to_owned(),
            |(name, parts)| {
                let about: Vec<(&str, &dyn Display)> = parts.iter().map(|(key, value)| (*key, value as _)).collect();
                self.about(name, &about)
            },
        )
    }

    /// A fact, in the words of a page.
    pub fn fact(&self, fact: &impl Fact) -> String {
        fact.on_page(self.language)
    }

    /// The same of one that was kept.
    pub fn kept(&self, fact: &Kept<impl Fact>) -> String {
        fact.on_page(self.language)
    }

    /// Why a mail is not in an inbox, as the ledger says it.
    pub fn reason(&self, reason: &Option<Kept<Reason>>) -> String {
        reason.as_ref().map_or_else(String::new, |reason| self.kept(reason))
    }

    /// Why a mail is in an inbox, as routing says it (`mailbox: a@b.se`, `Delivered-To: a@b.se`): what the mail did, for "because
    /// the mail ...".
    pub fn why(&self, why: &str) -> String {
        let Some((field, what)) = why.split_once(": ") else { return why.to_owned() };
        let name = match field {
            "mailbox" => "why-mailbox",
            "To" | "Cc" => "why-sent",
            "Delivered-To" | "X-Original-To" | "Envelope-To" | "X-Envelope-To" => "why-delivered",
            _ => "why-line",
        };
        self.t2(name, "what", what, "field", field)
    }

    /// What it means that a step of a check failed, where there is a sentence for it.
    pub fn failed(&self, step: &str) -> Option<String> {
        let name = of_step("error", step);
        locale::has(&name).then(|| self.t(&name))
    }
}

/// What a text has in the places of what a pattern names in braces, a number where it names a count; `None`: it is not of this pattern.
fn within<'a>(pattern: &'a str, text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut parts = pattern.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    for part in parts {
        let (name, literal) = part.split_once('}')?;
        let (value, after) = if literal.is_empty() { (rest, "") } else { rest.split_once(literal)? };
        if name == "count" && value.parse::<u64>().is_err() {
            return None;
        }
        found.push((name, value));
        rest = after;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::locale::Language;

    fn in_swedish() -> Words {
        Words::new(Language::Swedish, "Europe/Stockholm", Timestamp(0))
    }

    #[test]
    fn what_routing_checks_polls_and_the_ledger_say_is_told_in_swedish() {
        let w = in_swedish();
        for (why, told) in [
            ("mailbox: jobb@l.se", "kom till postlådan jobb@l.se"),
            ("To: jobb+anna@l.se", "skickades till jobb+anna@l.se (To)"),
            ("Cc: jobb@l.se", "skickades till jobb@l.se (Cc)"),
            ("Delivered-To: jobb@l.se", "levererades till jobb@l.se (Delivered-To)"),
            ("X-Original-To: jobb@l.se", "levererades till jobb@l.se (X-Original-To)"),
            ("X-Other: jobb@l.se", "har raden X-Other: jobb@l.se"),
            ("by magic", "by magic"),
        ] {
            assert_eq!(w.why(why), told);
        }
        for (of, english, told) in [
            ("dns", "imap.l.se is 192.0.2.1, 192.0.2.2", "imap.l.se är 192.0.2.1, 192.0.2.2"),
            ("tcp", "port 993 answers", "Port 993 svarar."),
            ("login", "as jobb@l.se", "som jobb@l.se"),
            ("login", "LOGIN failed", "LOGIN failed"),
            ("folder", "INBOX: 7 messages", "INBOX: 7 mejl"),
            ("folder", "Arkiv: an unknown number of messages", "Arkiv: okänt antal mejl"),
            ("folder", "a: b: 7 messages", "a: b: 7 messages"),
            ("folder", "and 3 more folders", "och 3 mappar till"),
            ("select", "INBOX opens read-only, 7 messages", "INBOX öppnas skrivskyddad, 7 mejl"),
            ("greeting", "port 993 answers", "port 993 answers"),
            ("who", "command line", "kommandoraden"),
            ("who", "anna", "anna"),
        ] {
            assert_eq!(w.said(of, english), told, "{of}");
        }
        assert_eq!(w.reason(&None), "");
        assert_eq!(w.failed("tcp").as_deref(), Some("Servern går inte att nå under det namnet och på den porten."));
        assert_eq!(w.failed("capabilities"), None);
    }

    #[test]
    fn every_sentence_has_a_text_in_both_languages() {
        for (_, pattern, name) in SENTENCES {
            assert!(locale::has(name), "{name}");
            for language in [Language::Swedish, Language::English] {
                let told = Words { language, ..in_swedish() }
                    .said(SENTENCES.iter().find(|one| one.2 == *name).unwrap().0, pattern);
                assert!(!told.contains("{$"), "{told}");
            }
        }
    }
}
