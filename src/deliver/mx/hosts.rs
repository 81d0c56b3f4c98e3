//! The mail servers of a domain, in the order in which they are tried (RFC 5321 5.1).

use rand::seq::SliceRandom;

use crate::discover::host_name;
use crate::dns::{Dns, Mx, NoAnswer};
use crate::fact::DeliveryProblem;

/// Looks up the mail servers of a domain, preferred first.
pub async fn look_up(domain: &str, dns: &Dns) -> Result<Vec<String>, DeliveryProblem> {
    let mut answer = dns.mx(domain).await;
    if let Ok(records) = &mut answer {
        // Hosts of equal preference share the load.
        records.shuffle(&mut rand::rng());
    }
    choose(domain, answer)
}

/// The hosts in an answer, sorted by preference; equal ones keep their order.
fn choose(domain: &str, answer: Result<Vec<Mx>, NoAnswer>) -> Result<Vec<String>, DeliveryProblem> {
    let domain = domain.to_owned();
    let mut records = match answer {
        Ok(records) => records,
        Err(NoAnswer::NoRecords) => return Ok(vec![domain]), // the domain's own address serves as the MX (RFC 5321 5.1)
        Err(NoAnswer::NoSuchName) => return Err(DeliveryProblem::NoMailServer { domain }),
        Err(NoAnswer::Failed) => return Err(DeliveryProblem::Unresolved { domain }),
    };
    if records.iter().all(|mx| mx.host == ".") {
        return Err(DeliveryProblem::NullMx { domain });
    }
    records.sort_by_key(|mx| mx.preference);
    let mut hosts: Vec<String> = Vec::new();
    // IP addresses and names without a dot are not valid MX hosts. If no record is valid, the domain's own address is not used either.
    for host in records.iter().filter_map(|mx| host_name(&mx.host)) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.is_empty() { Err(DeliveryProblem::NoMailServer { domain }) } else { Ok(hosts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mx(preference: u16, host: &str) -> Mx {
        Mx { preference, host: host.to_owned() }
    }

    #[test]
    fn hosts_are_ordered_by_preference() {
        let domain = || "kundo.se".to_owned();
        let no_server = || Err(DeliveryProblem::NoMailServer { domain: domain() });
        let cases = [
            (Ok(vec![mx(20, "b.kundo.se."), mx(10, "A.kundo.se.")]), Ok(vec!["a.kundo.se", "b.kundo.se"])),
            (
                Ok(vec![mx(10, "d.se."), mx(10, "c.se."), mx(5, "e.se."), mx(20, "c.se.")]),
                Ok(vec!["e.se", "d.se", "c.se"]),
            ),
            (Ok(vec![mx(0, ".")]), Err(DeliveryProblem::NullMx { domain: domain() })),
            (Ok(vec![mx(0, "."), mx(10, "a.se.")]), Ok(vec!["a.se"])),
            (Ok(vec![mx(10, "192.0.2.1."), mx(20, "localhost."), mx(30, "a_b.se.")]), no_server()),
            (Err(NoAnswer::NoRecords), Ok(vec!["kundo.se"])),
            (Err(NoAnswer::NoSuchName), no_server()),
            (Err(NoAnswer::Failed), Err(DeliveryProblem::Unresolved { domain: domain() })),
        ];
        for (answer, expected) in cases {
            let shown = format!("{answer:?}");
            let expected = expected.map(|hosts| hosts.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(choose("kundo.se", answer), expected, "{shown}");
        }
    }
}
