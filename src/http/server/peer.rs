//! The peer of a connection, and the client behind it if the peer is a reverse proxy.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The reverse proxies whose forwarding headers are trusted.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    proxies: Vec<IpNet>,
}

impl Peers {
    pub fn new(proxies: Vec<IpNet>) -> Self {
        Self { proxies }
    }

    pub fn is_proxy(&self, ip: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.contains(&ip.to_canonical()))
    }

    /// The client of a request: the nearest address that is not a trusted proxy's, else the last known proxy's; of an IPv6
    /// address, only the network ([`client_network`]).
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        if self.is_proxy(nearest) {
            let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
            let forwarded: Vec<&str> = forwarded.flat_map(|line| line.split(',')).collect();
            for text in forwarded.iter().rev() {
                let Ok(ip) = text.trim().parse::<IpAddr>() else { break };
                nearest = ip.to_canonical();
                if !self.is_proxy(nearest) {
                    break;
                }
            }
        }
        client_network(nearest)
    }

    /// Whether nobody on the network could read this request: it came from this machine, or a trusted proxy says that it
    /// arrived by https. If an untrusted proxy on this machine reports plain http, it is believed, because that only makes
    /// the check stricter.
    pub fn is_private(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let forwarded =
            headers.get_all("x-forwarded-proto").iter().next_back().map(|value| value.to_str().unwrap_or_default());
        let forwarded = forwarded.map(|list| list.rsplit(',').next().unwrap_or_default().trim().to_ascii_lowercase());
        match forwarded.as_deref() {
            Some("https") => self.is_proxy(peer) || peer.to_canonical().is_loopback(),
            Some(_) if self.is_proxy(peer) => self.client(peer, headers).is_loopback(),
            Some(_) => false,
            None => peer.to_canonical().is_loopback(),
        }
    }
}

/// The /64 network of an IPv6 address, because a client that has one address of such a network usually has them all. An
/// IPv4 address and the loopback address `::1` are returned unchanged.
pub fn client_network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) if ip.is_loopback() => ip.into(),
        IpAddr::V6(ip) => std::net::Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// The name of a client in logs and rate limits.
pub fn display(ip: IpAddr) -> String {
    match ip {
        IpAddr::V6(ip) if !ip.is_loopback() => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        ip => ip.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_client_is_the_nearest_address_that_is_not_a_proxy() {
        let peers = Peers::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for (peer, forwarded, client) in [
            ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1", "garbage", "10.0.0.1"),
            ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("fd00::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8::1", "", "2001:db8:0:0::/64"),
        ] {
            let found = peers.client(peer.parse().unwrap(), &headers(&[("x-forwarded-for", forwarded)]));
            assert_eq!(display(found), client, "{peer} {forwarded}");
        }
    }

    #[test]
    fn only_local_or_https_requests_are_private() {
        let peers = Peers::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let from = |ip| ("x-forwarded-for", ip);
        let by = |proto| ("x-forwarded-proto", proto);
        for (peer, forwarded, is_private) in [
            ("127.0.0.1", vec![], true),
            ("::1", vec![], true),
            ("127.0.0.1", vec![by("https")], true),
            ("127.0.0.1", vec![by("http"), from("192.0.2.1")], false),
            ("192.0.2.1", vec![], false),
            ("192.0.2.1", vec![by("https")], false),
            ("10.0.0.1", vec![], false),
            ("10.0.0.1", vec![by("HTTPS"), from("192.0.2.1")], true),
            ("10.0.0.1", vec![by("https, http"), from("192.0.2.1")], false),
            ("10.0.0.1", vec![by("https"), by("http")], false),
            ("10.0.0.1", vec![by("http"), from("127.0.0.1")], true),
        ] {
            let found = peers.is_private(peer.parse().unwrap(), &headers(&forwarded));
            assert_eq!(found, is_private, "{peer} {forwarded:?}");
        }
    }
}
