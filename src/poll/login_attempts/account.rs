//! The identity of an account at a server, for counting its refused logins.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use unicode_normalization::UnicodeNormalization;
use url::Host;

use crate::poll::Deps;
use crate::shown::is_invisible;
use crate::store::{LoginLimit, OnSuccess, Server, StoreError};

/// The limit for one account. It allows for people who mistype a password a few times in a row.
const PER_ACCOUNT: LoginLimit = LoginLimit { free_failures: 8, max_wait_ms: MAX_WAIT_MS };
/// The limit for accounts that differ only in their domain: to some servers they are the same account.
const PER_USER: LoginLimit = LoginLimit { free_failures: 16, max_wait_ms: MAX_WAIT_MS };
/// The limit for one login name at any server: a server may have more addresses and names than Mailferry knows.
const PER_LOGIN_NAME: LoginLimit = LoginLimit { free_failures: 40, max_wait_ms: MAX_WAIT_MS };
const MAX_WAIT_MS: i64 = 15 * 60 * 1000;

/// Maximum number of resolved addresses counted, in addition to the address of the connection.
const MAX_ADDRESSES: usize = 4;

/// The kind of counter for the first login with a new credential, and for any login that a person starts.
pub const NEW_LOGIN: &str = "login";
/// The kind of counter for further polls with a refused credential. It is separate, so that a person with the right
/// password need not wait because of those polls.
pub const REPEATED_POLL: &str = "login again";

/// An account at a server, within an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAccount {
    organisation: i64,
    /// The host name and its addresses.
    hosts: BTreeSet<String>,
    /// The folded login name.
    name: String,
    /// The folded login name without its domain.
    user: String,
}

impl LoginAccount {
    /// Returns the account of a login name at a server with these addresses.
    pub fn new(organisation: i64, server: &Server, username: &str, addresses: &[IpAddr]) -> Self {
        let mut known: Vec<String> = addresses.iter().copied().map(address_key).collect();
        known.sort();
        known.dedup();
        known.truncate(MAX_ADDRESSES);
        let mut hosts: BTreeSet<String> = known.into_iter().collect();
        hosts.insert(host_key(&server.host));
        let (name, user) = fold_username(username);
        Self { organisation, hosts, name, user }
    }

    /// Adds the address of the connection.
    #[must_use]
    pub fn connected_to(mut self, peer: Option<IpAddr>) -> Self {
        self.hosts.extend(peer.map(address_key));
        self
    }

    /// Returns the counters of the account, with their limits.
    pub fn subjects(&self, kind: &str) -> Vec<(String, LoginLimit, OnSuccess)> {
        let Self { organisation, hosts, name, user } = self;
        let mut subjects = Vec::new();
        for host in hosts {
            subjects.push((format!("{kind} {organisation} {host} {name}"), PER_ACCOUNT, OnSuccess::Reset));
            if user != name {
                subjects.push((format!("{kind} {organisation} {host} {user}"), PER_USER, OnSuccess::SubtractReset));
            }
        }
        subjects.push((format!("{kind} {organisation} anywhere {name}"), PER_LOGIN_NAME, OnSuccess::SubtractOne));
        subjects
    }

    /// Returns the delay of the next login that a person starts, in milliseconds; 0 if there is none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn login_wait_ms(&self, deps: &Deps) -> Result<i64, StoreError> {
        let subjects: Vec<String> = self.subjects(NEW_LOGIN).into_iter().map(|(subject, ..)| subject).collect();
        deps.store.login_wait_ms(&subjects, deps.clock.now()).await
    }
}

/// Returns the canonical form of a host name. An IP literal has the same form as its address.
fn host_key(text: &str) -> String {
    let text = text.trim().trim_end_matches(['.', '\u{3002}']);
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address_key(address);
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
        Ok(Host::Ipv4(address)) => address_key(address.into()),
        Ok(Host::Ipv6(address)) => address_key(address.into()),
        Err(_) => fold(text),
    }
}

/// Returns the canonical form of an address. An IPv6 address is reduced to its /64, since one host can use all of that
/// network.
fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match address.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => translated(high, low),
            [0x2002, high, low, ..] => translated(high, low),
            [a, b, c, d, ..] => format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)),
        },
    }
}

/// Returns the IPv4 address in a NAT64 (RFC 6052) or 6to4 (RFC 3056) address.
fn translated(high: u16, low: u16) -> String {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)).to_string()
}

/// Returns the canonical form of a login name, with and without its domain. Without it, `DOMAIN\user`, `user@domain`
/// and `user%domain` are all `user`.
fn fold_username(username: &str) -> (String, String) {
    let name = fold(username);
    let name = name.rsplit('\\').next().unwrap_or_default();
    match name.split_once(['@', '%']) {
        Some((user, domain)) if !user.is_empty() => (format!("{user}@{}", host_key(domain)), user.to_owned()),
        _ => (name.to_owned(), name.to_owned()),
    }
}

/// Folds case and Unicode form, and removes spaces and invisible characters.
fn fold(text: &str) -> String {
    let visible =
        |c: &char| !c.is_whitespace() && !c.is_control() && !is_invisible(*c) && !matches!(c, '\u{200c}' | '\u{200d}');
    let upper = text.nfkc().filter(visible).flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests;
