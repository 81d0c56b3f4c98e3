//! Direct delivery to the mail servers of the recipient's domain: its MX hosts by preference (RFC 5321 5.1), with MTA-STS (RFC 8461)
//! if the domain enforces a policy, and opportunistic TLS otherwise (RFC 7435).

mod failed_fetches;
mod hosts;
mod policy;
mod sts;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::deps::DeliverDeps;
use super::refused::refused;
use super::smtp::{Encryption, Session, Terms};
use crate::discover::host_name;
use crate::dns::NoAnswer;
use crate::egress::Egress;
use crate::fact::DeliveryProblem;
use crate::target::StsMode;
use crate::tls::Trust;

pub use failed_fetches::FailedFetches;

/// Maximum number of addresses that are tried for one mail, as in Postfix and Exim by default. A domain may name any number.
const MAX_ADDRESSES: usize = 5;
/// Maximum number of hosts that are looked up for one mail.
const MAX_HOSTS: usize = 10;

/// The MX host that accepted the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    pub host: String,
    /// Whether the connection has TLS.
    pub is_protected: bool,
    /// The mode of the domain's MTA-STS policy; `None`: it has no policy, or one of the mode `none`.
    pub sts: Option<StsMode>,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.is_protected { "STARTTLS" } else { "no TLS" };
        let sts = self.sts.map_or("no MTA-STS policy".to_owned(), |mode| format!("MTA-STS: {mode}"));
        write!(f, "{} ({tls}, {sts})", self.host)
    }
}

/// The mail servers of a domain: their names, and those of their addresses that `egress` permits. Names and addresses that
/// no name server answers for are left out.
pub async fn mail_servers(domain: &str, egress: &Egress) -> (Vec<String>, Vec<IpAddr>) {
    let Some(domain) = host_name(domain) else { return (Vec::new(), Vec::new()) };
    let names = hosts::look_up(&domain, egress.dns()).await.unwrap_or_default();
    let mut addresses = Vec::new();
    for name in names.iter().take(MAX_HOSTS) {
        addresses.extend(egress.permitted_addresses(name).await);
    }
    (names, addresses)
}

/// Opens a session with the first mail server of the recipient's domain that accepts it.
pub async fn open(recipient: &str, terms: Terms, deps: &DeliverDeps) -> Result<(Session, Via), DeliveryProblem> {
    let domain = recipient.rsplit_once('@').map_or(recipient, |(_, domain)| domain);
    let domain = host_name(domain).ok_or_else(|| DeliveryProblem::NoMailServer { domain: domain.to_owned() })?;
    let hosts = hosts::look_up(&domain, deps.egress.dns()).await?;
    let policy = policy::current(&domain, deps).await?.filter(|policy| policy.mode != StsMode::None);
    let is_enforced = policy.as_ref().is_some_and(|policy| policy.mode == StsMode::Enforce);
    let hosts = match &policy {
        Some(policy) => permitted(&domain, hosts, policy)?,
        None => hosts,
    };
    let (encryption, trust) = match is_enforced {
        true => (Encryption::StartTls, Trust::System),
        false => (Encryption::Opportunistic, Trust::Unverified),
    };
    let terms = Terms { encryption, trust, login: None, ..terms };
    let (session, host) = first_accepting(&domain, hosts, terms, deps).await?;
    let via = Via { host, is_protected: session.is_protected(), sts: policy.map(|policy| policy.mode) };
    if via.sts == Some(StsMode::Testing) && !via.is_protected {
        tracing::warn!(domain, host = via.host, "the MTA-STS policy of a domain, in testing, is not met: no STARTTLS");
    }
    Ok((session, via))
}

/// The hosts that a policy permits. In the mode `testing` violations are only logged.
fn permitted(domain: &str, hosts: Vec<String>, policy: &sts::Policy) -> Result<Vec<String>, DeliveryProblem> {
    for host in hosts.iter().filter(|host| !policy.permits(host)) {
        let mode = policy.mode.as_str();
        tracing::warn!(domain, host, mode, "the MTA-STS policy of a domain does not name its mail server");
    }
    if policy.mode != StsMode::Enforce {
        return Ok(hosts);
    }
    let permitted: Vec<String> = hosts.into_iter().filter(|host| policy.permits(host)).collect();
    if permitted.is_empty() { Err(DeliveryProblem::StsMismatch { domain: domain.to_owned() }) } else { Ok(permitted) }
}

/// Tries the hosts in order, and every address of a host, up to [`MAX_ADDRESSES`]. A server that cannot be reached, refuses the
/// session or fails at TLS is passed over.
async fn first_accepting(
    domain: &str,
    hosts: Vec<String>,
    terms: Terms,
    deps: &DeliverDeps,
) -> Result<(Session, String), DeliveryProblem> {
    let mut failure = Failure(None);
    let mut left = MAX_ADDRESSES;
    for host in hosts.into_iter().take(MAX_HOSTS) {
        let addresses = match addresses(domain, &host, deps).await {
            Ok(addresses) => addresses,
            Err(problem) => {
                failure.add(problem);
                continue;
            }
        };
        let terms = Terms { host: host.clone(), ..terms.clone() };
        for address in addresses.into_iter().take(left) {
            left -= 1;
            match open_session(address, &terms, deps).await {
                Ok(session) => return Ok((session, host)),
                Err(problem) => failure.add(problem),
            }
        }
        if left == 0 {
            break;
        }
    }
    Err(failure.0.unwrap_or_else(|| DeliveryProblem::NoMailServer { domain: domain.to_owned() }))
}

/// The problem to report if all servers of a domain fail: that of the most preferred server. A host that does not exist is reported
/// only if there is no other problem, since other problems may pass soon.
struct Failure(Option<DeliveryProblem>);

impl Failure {
    fn add(&mut self, problem: DeliveryProblem) {
        if matches!(self.0, None | Some(DeliveryProblem::NoMailServer { .. })) {
            self.0 = Some(problem);
        }
    }
}

/// The addresses of a host that egress permits.
async fn addresses(domain: &str, host: &str, deps: &DeliverDeps) -> Result<Vec<SocketAddr>, DeliveryProblem> {
    let found: Result<Vec<IpAddr>, NoAnswer> = deps.egress.dns().addresses(host).await;
    let found = found.map_err(|why| match why {
        NoAnswer::NoSuchName | NoAnswer::NoRecords => DeliveryProblem::NoMailServer { domain: domain.to_owned() },
        NoAnswer::Failed => DeliveryProblem::Unresolved { domain: host.to_owned() },
    })?;
    deps.egress.permitted(host, deps.settings.mx_port, found).map_err(refused)
}

async fn open_session(address: SocketAddr, terms: &Terms, deps: &DeliverDeps) -> Result<Session, DeliveryProblem> {
    let stream = deps.egress.connect(&terms.host, &[address], &deps.deadlines).await.map_err(refused)?;
    Session::open(stream, terms).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_an_enforced_policy_excludes_hosts() {
        let hosts = || vec!["a.se".to_owned(), "b.se".to_owned()];
        let policy = |mode, name: &str| sts::Policy { mode, hosts: vec![name.to_owned()], max_age: Duration::ZERO };
        let of = |mode, name| permitted("k.se", hosts(), &policy(mode, name));
        assert_eq!(of(StsMode::Enforce, "b.se"), Ok(vec!["b.se".to_owned()]));
        let mismatch = DeliveryProblem::StsMismatch { domain: "k.se".to_owned() };
        assert_eq!(of(StsMode::Enforce, "c.se"), Err(mismatch));
        assert_eq!(of(StsMode::Testing, "b.se"), Ok(hosts()));
    }

    #[test]
    fn the_first_problem_that_may_pass_is_reported() {
        let gone = || DeliveryProblem::NoMailServer { domain: "k.se".to_owned() };
        let mut failure = Failure(None);
        failure.add(gone());
        assert_eq!(failure.0, Some(gone()));
        failure.add(DeliveryProblem::NoStartTls);
        failure.add(DeliveryProblem::NoAuth);
        failure.add(gone());
        assert_eq!(failure.0, Some(DeliveryProblem::NoStartTls));
    }
}
