//! Guesses: logins that the server of an account has refused. An organisation has a few, and then each makes the next wait longer, so
//! that no password is found out and no account locked through us.
//!
//! An account is known by its server and its login name, however these are written: by the canonical name of the host, by each
//! address that was connected to or could have been, and by the folded login name. Refusals are counted per organisation, so that
//! nobody waits for what another organisation has tried. What a server has accepted before is no guess: a poll with it never waits.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use unicode_normalization::UnicodeNormalization;
use url::Host;

use super::{Blame, Deps, PollError, Retry, Step};
use crate::cause::{Cause, Trouble};
use crate::imap::{ImapError, LoginError};
use crate::poll::credential;
use crate::shown::hides;
use crate::store::{Mailbox, OnSuccess, Patience, Server, StoreError};

/// Somebody who mistypes a password does so a few times in a row.
const OF_ACCOUNT: Patience = Patience { free: 8, longest_ms: LONGEST_MS };
/// Logins of accounts that differ in their domains only, which are one account to some servers.
const OF_NAME: Patience = Patience { free: 16, longest_ms: LONGEST_MS };
/// Logins by one name at whichever server: one server may have more addresses, and more names, than are known here.
const ANYWHERE: Patience = Patience { free: 40, longest_ms: LONGEST_MS };
const LONGEST_MS: i64 = 15 * 60 * 1000;

/// Addresses of a name that are counted, beside the one that is connected to.
const MOST_ADDRESSES: usize = 4;

/// Who has us log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The schedule.
    ByPoll,
    /// Somebody who waits for it.
    ByPerson,
}

/// An account at a server, as an organisation's tries at it are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    organisation: i64,
    /// The host and its addresses.
    places: BTreeSet<String>,
    /// The folded login name.
    name: String,
    /// The same without its domain.
    bare: String,
}

impl Account {
    /// The account of this login name at a server that was found at these addresses.
    pub fn new(organisation: i64, server: &Server, username: &str, addresses: &[IpAddr]) -> Self {
        let mut known: Vec<String> = addresses.iter().copied().map(place).collect();
        known.sort();
        known.dedup();
        known.truncate(MOST_ADDRESSES);
        let mut places: BTreeSet<String> = known.into_iter().collect();
        places.insert(host(&server.host));
        let (name, bare) = folded(username);
        Self { organisation, places, name, bare }
    }

    /// The same, where this address is the one that was connected to.
    #[must_use]
    pub fn connected_to(mut self, peer: Option<IpAddr>) -> Self {
        self.places.extend(peer.map(place));
        self
    }

    /// What its refusals are counted against.
    fn subjects(&self, kind: &str) -> Vec<(String, Patience, OnSuccess)> {
        let Self { organisation, places, name, bare } = self;
        let mut subjects = Vec::new();
        for place in places {
            subjects.push((format!("{kind} {organisation} {place} {name}"), OF_ACCOUNT, OnSuccess::Forget));
            if bare != name {
                subjects.push((format!("{kind} {organisation} {place} {bare}"), OF_NAME, OnSuccess::TakeBack));
            }
        }
        subjects.push((format!("{kind} {organisation} anywhere {name}"), ANYWHERE, OnSuccess::TakeOneBack));
        subjects
    }

    /// How long the next login that somebody asks for has to wait, in milliseconds; 0: not at all.
    ///
    /// # Errors
    /// The database.
    pub async fn wait(&self, deps: &Deps) -> Result<i64, StoreError> {
        let subjects: Vec<String> = self.subjects(GUESS).into_iter().map(|(subject, ..)| subject).collect();
        deps.store.login_wait(&subjects, deps.clock.now()).await
    }
}

/// The first login with what was just given, and whatever somebody asks for.
const GUESS: &str = "login";
/// Further polls with what was refused before. They are counted by themselves, so that whoever gives the right password need not
/// wait for them.
const AGAIN: &str = "login again";

/// One login, counted before it is known how it ends, so that many at once are many.
pub struct Try<'a> {
    subjects: Vec<(String, Patience, OnSuccess)>,
    mailbox: &'a Mailbox,
    deps: &'a Deps,
    /// A look from the command line writes nothing down.
    is_written_down: bool,
}

impl<'a> Try<'a> {
    /// Before a login.
    ///
    /// # Errors
    /// It has to wait; or the database.
    pub async fn begin(
        account: &Account,
        asked: Asked,
        mailbox: &'a Mailbox,
        deps: &'a Deps,
    ) -> Result<Self, PollError> {
        let kind = match asked {
            Asked::ByPoll if mailbox.status.failures > 0 => AGAIN,
            _ => GUESS,
        };
        let is_no_guess = mailbox.login_proven && asked == Asked::ByPoll;
        let subjects = if is_no_guess || !deps.counts_guesses { Vec::new() } else { account.subjects(kind) };
        let counted: Vec<(String, Patience)> =
            subjects.iter().map(|(subject, patience, _)| (subject.clone(), *patience)).collect();
        if !counted.is_empty() {
            let now = deps.clock.now();
            let counted = deps.store.count_login(&counted, now).await;
            counted
                .map_err(|error| PollError::store(Step::Login, &error))?
                .map_err(|wait| held(wait, mailbox, deps))?;
        }
        let is_written_down = deps.counts_guesses || asked == Asked::ByPoll;
        Ok(Self { subjects, mailbox, deps, is_written_down })
    }

    /// After it. A login that nobody waited for to its end stays counted: the server may have refused it.
    pub async fn end(self, ended: Result<&(), (&LoginError, Option<&PollError>)>) {
        if !self.is_written_down {
            return;
        }
        let (store, mailbox) = (&self.deps.store, self.mailbox);
        let ended = match ended {
            Ok(()) => Ended::In,
            Err((error, told)) => Ended::of(error, told),
        };
        let written = async {
            if matches!(ended, Ended::In | Ended::NotTried) && !self.subjects.is_empty() {
                store.login_ended(&self.subjects, ended == Ended::In).await?;
            }
            match ended {
                Ended::In if !mailbox.login_proven => store.prove_login(mailbox, true).await,
                Ended::Refused if mailbox.login_proven => store.prove_login(mailbox, false).await,
                _ => Ok(()),
            }
        };
        // The session is worth more than the count.
        if let Err(error) = written.await {
            tracing::warn!(%error, mailbox = mailbox.address, "how a login ended could not be written down");
        }
    }
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Somebody was let in.
    In,
    /// The server has judged the password or the token.
    Refused,
    /// It has closed the connection, which some do in place of judging.
    ShownOut,
    /// Nothing was judged, which no account is locked by.
    NotTried,
}

impl Ended {
    fn of(error: &LoginError, told: Option<&PollError>) -> Self {
        // What the server calls a moment's trouble says nothing about the password.
        let is_judged = told.is_some_and(|told| matches!(told.retry, Retry::Credentials | Retry::Renew));
        match error {
            LoginError::Refused(_) | LoginError::TokenRefused { .. } if is_judged => Self::Refused,
            LoginError::Imap(ImapError::Bye(_)) if told.is_some_and(|told| !told.is_temporary()) => Self::ShownOut,
            _ => Self::NotTried,
        }
    }
}

fn held(wait_ms: i64, mailbox: &Mailbox, deps: &Deps) -> PollError {
    let minutes = (wait_ms + 59_999) / 60_000;
    let trouble = Trouble::new(Cause::TooManyRefusals).about("minutes", minutes.to_string());
    let trouble = trouble.about_all(&credential::about(mailbox, deps));
    PollError::of(Step::Login, Blame::Mailbox, Retry::Credentials, trouble)
}

/// How many minutes a login has to wait that was held back; `None`: it failed for another reason.
pub fn minutes_held(error: &PollError) -> Option<i64> {
    let trouble = error.trouble.as_ref().filter(|trouble| trouble.cause == Cause::TooManyRefusals)?;
    trouble.about.get("minutes")?.parse().ok()
}

/// A host's name in one way of writing it; a number as the address that it is.
fn host(text: &str) -> String {
    let text = text.trim().trim_end_matches(['.', '\u{3002}']);
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return place(address);
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
        Ok(Host::Ipv4(address)) => place(address.into()),
        Ok(Host::Ipv6(address)) => place(address.into()),
        Err(_) => fold(text),
    }
}

/// An address as the place that it is, in whichever form it is written. Whoever has one address of a /64 has all of them.
fn place(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match address.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => translated(high, low),
            [0x2002, high, low, ..] => translated(high, low),
            [a, b, c, d, ..] => format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)),
        },
    }
}

/// The IPv4 address in a NAT64 (RFC 6052) or 6to4 (RFC 3056) address.
fn translated(high: u16, low: u16) -> String {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)).to_string()
}

/// A login name in one way of writing it, and without its domain: `DOMAIN\user`, `user@domain` and `user%domain` are `user`.
fn folded(username: &str) -> (String, String) {
    let name = fold(username);
    let name = name.rsplit('\\').next().unwrap_or_default();
    match name.split_once(['@', '%']) {
        Some((user, domain)) if !user.is_empty() => (format!("{user}@{}", host(domain)), user.to_owned()),
        _ => (name.to_owned(), name.to_owned()),
    }
}

/// Letters of one size and one form, without blanks and what is not seen.
fn fold(text: &str) -> String {
    let visible =
        |c: &char| !c.is_whitespace() && !c.is_control() && !hides(*c) && !matches!(c, '\u{200c}' | '\u{200d}');
    let large = text.nfkc().filter(visible).flat_map(char::to_uppercase);
    large.flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests;
