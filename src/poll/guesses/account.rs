//! An account at a server, however it is written: what its refusals are counted against.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use unicode_normalization::UnicodeNormalization;
use url::Host;

use crate::poll::Deps;
use crate::shown::hides;
use crate::store::{OnSuccess, LoginLimit, Server, StoreError};

/// Somebody who mistypes a password does so a few times in a row.
const OF_ACCOUNT: LoginLimit = LoginLimit { free: 8, longest_ms: LONGEST_MS };
/// Logins of accounts that differ in their domains only, which are one account to some servers.
const OF_NAME: LoginLimit = LoginLimit { free: 16, longest_ms: LONGEST_MS };
/// Logins by one name at whichever server: one server may have more addresses, and more names, than are known here.
const ANYWHERE: LoginLimit = LoginLimit { free: 40, longest_ms: LONGEST_MS };
const LONGEST_MS: i64 = 15 * 60 * 1000;

/// Addresses of a name that are counted, beside the one that is connected to.
const MOST_ADDRESSES: usize = 4;

/// The first login with what was just given, and whatever somebody asks for.
pub const GUESS: &str = "login";
/// Further polls with what was refused before. They are counted by themselves, so that whoever gives the right password need not
/// wait for them.
pub const AGAIN: &str = "login again";

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
    pub fn subjects(&self, kind: &str) -> Vec<(String, LoginLimit, OnSuccess)> {
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
