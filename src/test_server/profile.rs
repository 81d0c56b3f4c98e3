//! Named sets of faults, for trying a client from the command line.

use std::time::Duration;

use super::account::Account;
use super::faults::{Answer, Body, Parts, Reply, Sizes, UidNext, UidValidity};

/// A named set of faults.
pub struct Profile {
    /// Name on the command line.
    pub name: &'static str,
    /// The behaviour of the server.
    pub description: &'static str,
    set: fn(&mut Account),
}

impl Profile {
    /// Finds a profile by name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// An account with this number of mails in INBOX, and these faults.
    pub fn account(&self, mails: u32) -> Account {
        let mail = |number| {
            format!(
                "From: Anna <anna@example.se>\r\nTo: jobb@lillestad.se\r\nSubject: Mail {number}\r\nMessage-ID: \
                 <{number}@example.se>\r\nDate: Tue, 03 Mar 2026 09:30:00 +0100\r\n\r\nThis is mail {number}.\r\n"
            )
        };
        let mut account = Account::with_mails((1..=mails).map(mail));
        (self.set)(&mut account);
        account
    }
}

macro_rules! profiles {
    ($($name:literal, $description:literal, |$account:ident| $set:expr;)*) => {
        /// All profiles.
        pub const PROFILES: &[Profile] = &[$(Profile { name: $name, description: $description, set: |$account| $set },)*];
    };
}

profiles! {
    "ordinary", "has no faults", |_account| ();
    "exchange-throttle", "refuses the login and sends a retry time", |account| account.faults.replies = vec![tagged(
        "LOGIN", 0, "BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds",
    )];
    "not-connected", "logs in, then says \"User is authenticated but not connected\" (Exchange)", |account|
        account.faults.replies = ["SELECT", "EXAMINE"].map(|command| tagged(command, 0, "BAD User is authenticated but not connected.")).to_vec();
    "gmail-overquota", "refuses to fetch: the daily bandwidth is used up", |account| account.faults.replies =
        vec![tagged("UID FETCH", 0, "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)")];
    "too-many-connections", "refuses the login: too many connections", |account| account.faults.replies =
        vec![tagged("LOGIN", 0, "NO [ALERT] Too many simultaneous connections. (Failure)")];
    "wrong-password", "refuses every password", |account| account.faults.replies =
        vec![tagged("LOGIN", 0, "NO [AUTHENTICATIONFAILED] Authentication failed.")];
    "no-body", "answers a FETCH of mail 1 with OK but without its body (iCloud)", |account| body(account, Body::Absent);
    "nil-body", "sends NIL for the body of mail 1", |account| body(account, Body::Nil);
    "empty-body", "sends an empty body for mail 1 (Yandex)", |account| body(account, Body::Empty);
    "placeholder-body", "sends a substitute for mail 1 (Exchange)", |account| body(account, Body::Substitute);
    "refused-body", "refuses every FETCH that includes mail 1 (Yahoo)", |account| body(account, Body::Refused);
    "drop-mid-literal", "breaks the connection in the middle of mail 1", |account| body(account, Body::Cut);
    "bye-at-mail", "ends the connection instead of sending mail 1 (Dovecot)", |account| body(account, Body::Bye);
    "literal-too-long", "announces more bytes than it sends for mail 1", |account| body(account, Body::LiteralTooLong(100));
    "literal-too-short", "announces fewer bytes than it sends for mail 1", |account| body(account, Body::LiteralTooShort(10));
    "substituted-uid", "sends the body of mail 1 with UID 999", |account| body(account, Body::OtherUid(999));
    "size-lies", "announces ten times the size of each mail", |account| account.faults.sizes = Sizes::MultipliedBy(10);
    "size-zero", "announces a size of 0 for each mail (GreenMail)", |account| account.faults.sizes = Sizes::Zero;
    "size-negative", "announces a size of -1 for each mail", |account| account.faults.sizes = Sizes::Negative;
    "whole-parts", "sends the whole mail when a part is requested", |account| account.faults.parts = Parts::Whole;
    "uidvalidity-jump", "has another UIDVALIDITY at each login", |account| account.faults.uidvalidity = UidValidity::NewAtEachLogin;
    "uidvalidity-missing", "sends no UIDVALIDITY", |account| account.faults.uidvalidity = UidValidity::Missing;
    "uidnext-missing", "sends no UIDNEXT (163.com)", |account| account.faults.uidnext = UidNext::Missing;
    "uidnext-ahead", "sends a UIDNEXT that is 420,000 too high (Yahoo)", |account| account.faults.uidnext = UidNext::Ahead(420_000);
    "search-omits", "omits mail 1 in SEARCH (Gmail)", |account| account.faults.hidden_from_search.extend([1]);
    "search-misreads-star", "lists nothing for UID SEARCH UID n:* (GNU imap4d)", |account| account.faults.search_misreads_star = true;
    "exists-more", "counts one mail too many in EXISTS", |account| account.faults.exists_more = 1;
    "fetch-omits", "omits mail 1 in FETCH", |account| account.faults.hidden_from_fetch.extend([1]);
    "unsolicited", "sends unsolicited FETCH and EXPUNGE responses", |account| account.faults.unsolicited = true;
    "message-limit", "processes 10 mails per command (RFC 9738)", |account| account.faults.message_limit = Some(10);
    "expunge-refused", "refuses UID EXPUNGE", |account| account.faults.replies = vec![tagged("UID EXPUNGE", 0, "NO not now")];
    "store-refused", "refuses UID STORE", |account| account.faults.replies = vec![tagged("UID STORE", 0, "NO not now")];
    "no-uidplus", "lacks UIDPLUS and MOVE", |account| account.faults.missing_capabilities.extend(["UIDPLUS", "MOVE"]);
    "gmail", "has Gmail's extensions and a trash folder", |account| {
        account.faults.extra_capabilities.extend(["X-GM-EXT-1"]);
        account.folder("[Gmail]/Trash").special_use = Some("\\Trash".to_owned())
    };
    "read-only", "opens every folder read-only", |account| account.faults.read_only = true;
    "bye-in-fetch", "sends BYE at the second FETCH", |account| account.faults.replies =
        vec![Reply { command: "UID FETCH".to_owned(), after: 1, times: None, answer: Answer::Bye("Session invalidated".to_owned()) }];
    "silent", "never answers the third FETCH", |account| account.faults.replies =
        vec![Reply { command: "UID FETCH".to_owned(), after: 2, times: None, answer: Answer::Silence }];
    "slow", "sends 10 bytes every tenth of a second", |account| account.faults.drip = Some((10, Duration::from_millis(100)));
}

fn tagged(command: &str, after: usize, line: &str) -> Reply {
    Reply { command: command.to_owned(), after, times: None, answer: Answer::Tagged(line.to_owned()) }
}

fn body(account: &mut Account, body: Body) {
    account.faults.bodies.insert(1, body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_names_are_unique() {
        let mut names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PROFILES.len());
        assert!(PROFILES.iter().all(|profile| profile.account(3).folders["INBOX"].messages.len() == 3));
    }
}
