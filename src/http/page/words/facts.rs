//! Puts facts into words for the pages. Texts from servers are not translated.

use super::{Words, step_text_id};
use crate::app::Actor;
use crate::fact::{Fact, Reason, StoredFact};
use crate::locale;
use crate::poll::check::CheckLine;

impl Words {
    /// The name of an actor, as the audit log shows it.
    pub fn actor(&self, name: &str) -> String {
        match name {
            Actor::COMMAND_LINE => self.t("who-command-line"),
            Actor::LINK => self.t("who-connect-link"),
            _ => name.to_owned(),
        }
    }

    pub fn fact(&self, fact: &impl Fact) -> String {
        fact.on_page(self.language)
    }

    /// A stored fact.
    pub fn stored_fact(&self, fact: &StoredFact<impl Fact>) -> String {
        fact.on_page(self.language)
    }

    /// The finding of one step of a check.
    pub fn check_line(&self, line: &CheckLine) -> String {
        line.on_page(self.language)
    }

    /// Why a message is not in an inbox, according to the ledger.
    pub fn reason(&self, reason: &Option<StoredFact<Reason>>) -> String {
        reason.as_ref().map_or_else(String::new, |reason| self.stored_fact(reason))
    }

    /// Why a message is in an inbox, from the rule that routing recorded (`mailbox: a@b.se`, `Delivered-To: a@b.se`).
    /// Continues the sentence "because the message ...".
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

    /// The sentence for a failed step of a check, if there is one.
    pub fn step_error(&self, step: &str) -> Option<String> {
        let name = step_text_id("error", step);
        locale::has(&name).then(|| self.t(&name))
    }
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
    fn actors_and_routing_reasons_are_translated() {
        let w = in_swedish();
        for (why, expected) in [
            ("mailbox: jobb@l.se", "kom till postlådan jobb@l.se"),
            ("To: jobb+anna@l.se", "skickades till jobb+anna@l.se (To)"),
            ("Cc: jobb@l.se", "skickades till jobb@l.se (Cc)"),
            ("Delivered-To: jobb@l.se", "levererades till jobb@l.se (Delivered-To)"),
            ("X-Original-To: jobb@l.se", "levererades till jobb@l.se (X-Original-To)"),
            ("X-Other: jobb@l.se", "har raden X-Other: jobb@l.se"),
            ("by magic", "by magic"),
        ] {
            assert_eq!(w.why(why), expected);
        }
        assert_eq!(w.actor("command line"), "kommandoraden");
        assert_eq!(w.actor("connect link"), "kundens länk");
        assert_eq!(w.actor("anna"), "anna");
        assert_eq!(w.reason(&None), "");
        assert_eq!(w.step_error("tcp").as_deref(), Some("Servern går inte att nå under det namnet och på den porten."));
        assert_eq!(w.step_error("capabilities"), None);
    }
}
