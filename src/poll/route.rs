//! Chooses the inboxes of a mail, with the evidence for each.
//!
//! The first kind of evidence that matches a route decides: headers written at delivery, then headers written by the
//! sender. Mail that matches no route goes to the mailbox's own inbox.

use std::collections::HashMap;

use super::{Deps, PollError, Step};
use crate::address::Address;
use crate::mail::parse::Header;
use crate::store::{Mailbox, Scope};

/// The routes of a mailbox's organisation.
#[derive(Debug, Default)]
pub struct Routes {
    by_recipient: HashMap<String, Vec<i64>>,
    /// The mailbox's own inbox, and the mailbox's address as evidence.
    own: (i64, String),
    /// Address of each inbox.
    addresses: HashMap<i64, String>,
}

impl Routes {
    /// Loads the current routes.
    pub async fn load(mailbox: &Mailbox, deps: &Deps) -> Result<Self, PollError> {
        // A route of one organisation never applies to the mail of another.
        let own = Scope::Organisation(mailbox.organisation_id);
        let routes = deps.store.routes(own).await.map_err(|error| PollError::store(Step::Import, &error))?;
        let mut by_recipient = HashMap::<String, Vec<i64>>::new();
        let mut addresses = HashMap::from([(mailbox.inbox_id, mailbox.inbox.clone())]);
        for route in routes {
            by_recipient.entry(route.recipient).or_default().push(route.inbox_id);
            addresses.insert(route.inbox_id, route.inbox);
        }
        Ok(Self { by_recipient, own: (mailbox.inbox_id, mailbox.address.clone()), addresses })
    }

    /// Returns the address of a chosen inbox.
    pub fn address(&self, inbox: i64) -> &str {
        self.addresses.get(&inbox).map_or("", String::as_str)
    }

    /// Returns the inboxes for a mail, without duplicates, each with its evidence, such as
    /// `Delivered-To: jobb@lillestad.se`.
    pub fn choose(&self, header: &Header) -> Vec<(i64, String)> {
        // To and Cc are one kind, since the sender wrote both.
        let is_same_kind = |a: &str, b: &str| a == b || (a == "To" && b == "Cc");
        for fields in header.recipients.chunk_by(|(a, _), (b, _)| is_same_kind(a, b)) {
            let mut chosen: Vec<(i64, String)> = Vec::new();
            for (field, address) in fields.iter().flat_map(|(field, list)| list.iter().map(move |one| (field, one))) {
                for inbox in self.inboxes(address) {
                    if !chosen.iter().any(|(id, _)| id == inbox) {
                        chosen.push((*inbox, format!("{field}: {address}")));
                    }
                }
            }
            if !chosen.is_empty() {
                return chosen;
            }
        }
        vec![(self.own.0, format!("mailbox: {}", self.own.1))]
    }

    fn inboxes(&self, address: &Address) -> &[i64] {
        let exact = self.by_recipient.get(address.as_str());
        exact.or_else(|| self.by_recipient.get(address.without_plus().as_str())).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(list: &[(&str, i64)]) -> Routes {
        let mut routes = Routes { own: (99, "jobb@lillestad.se".to_owned()), ..Routes::default() };
        for (recipient, inbox) in list {
            routes.by_recipient.entry((*recipient).to_owned()).or_default().push(*inbox);
        }
        routes
    }

    fn choose(list: &[(&str, i64)], header: &str) -> Vec<(i64, String)> {
        routes(list).choose(&crate::mail::parse::header(format!("{header}\r\n\r\n").as_bytes()))
    }

    #[test]
    fn the_first_kind_of_evidence_with_a_route_decides() {
        let all = [("jobb@l.se", 1), ("ansokan@l.se", 2), ("jobb+vip@l.se", 3), ("both@l.se", 1), ("both@l.se", 2)];
        let cases: &[(&str, &[(i64, &str)])] = &[
            ("Delivered-To: jobb@l.se\r\nTo: ansokan@l.se", &[(1, "Delivered-To: jobb@l.se")]),
            ("X-Original-To: JOBB@L.se\r\nTo: ansokan@l.se", &[(1, "X-Original-To: jobb@l.se")]),
            ("Envelope-To: jobb@l.se\r\nX-Envelope-To: ansokan@l.se", &[(1, "Envelope-To: jobb@l.se")]),
            ("X-Envelope-To: ansokan@l.se\r\nTo: jobb@l.se", &[(2, "X-Envelope-To: ansokan@l.se")]),
            ("To: x@y.se, jobb@l.se, Ansokan <ansokan@l.se>", &[(1, "To: jobb@l.se"), (2, "To: ansokan@l.se")]),
            ("To: jobb@l.se\r\nCc: ansokan@l.se", &[(1, "To: jobb@l.se"), (2, "Cc: ansokan@l.se")]),
            ("Delivered-To: jobb@l.se\r\nX-Original-To: ansokan@l.se", &[(1, "Delivered-To: jobb@l.se")]),
            ("To: x@y.se\r\nCc: ansokan@l.se", &[(2, "Cc: ansokan@l.se")]),
            ("To: jobb+anna@l.se", &[(1, "To: jobb+anna@l.se")]),
            ("To: jobb+vip@l.se", &[(3, "To: jobb+vip@l.se")]),
            ("To: both@l.se, jobb@l.se", &[(1, "To: both@l.se"), (2, "To: both@l.se")]),
            ("Delivered-To: unknown@l.se\r\nTo: jobb@l.se", &[(1, "To: jobb@l.se")]),
            ("To: undisclosed-recipients:;", &[(99, "mailbox: jobb@lillestad.se")]),
            ("Subject: nobody", &[(99, "mailbox: jobb@lillestad.se")]),
        ];
        for (header, wanted) in cases {
            let chosen = choose(&all, header);
            let chosen: Vec<(i64, &str)> = chosen.iter().map(|(inbox, why)| (*inbox, why.as_str())).collect();
            assert_eq!(chosen, *wanted, "{header}");
        }
    }
}
