//! Finds the MTA-STS policy of a domain: announced by DNS, fetched over HTTPS, and kept in the database, so that neither a restart
//! nor an attacker who suppresses an answer can remove a known policy before it expires (RFC 8461 3.3, 10.2).

use std::time::Duration;

use hyper::header::{ACCEPT, CONTENT_TYPE};

use super::sts::{self, Policy};
use crate::deliver::DeliverDeps;
use crate::fact::DeliveryProblem;
use crate::https::HttpClient;
use crate::store::StsPolicy;

/// A policy that was fetched longer ago than this is fetched again with the next mail, long before it expires.
const REFRESH: Duration = Duration::from_hours(24);

/// The policy that applies to a domain now. If DNS or HTTPS fails, the stored policy applies until it expires.
pub async fn current(domain: &str, deps: &DeliverDeps) -> Result<Option<Policy>, DeliveryProblem> {
    let now = deps.clock.now();
    let known = deps.store.sts_policy(domain, now).await.map_err(|error| {
        // Without the stored policy, a downgrade attack could not be excluded.
        tracing::error!(domain, %error, "the MTA-STS policy of a domain cannot be read");
        DeliveryProblem::Unresolved { domain: domain.to_owned() }
    })?;
    let announced = deps.egress.dns().txt(&format!("_mta-sts.{domain}")).await.ok();
    let id = announced.and_then(|records| sts::policy_id(&records));
    let is_current = |id: &String| {
        known.as_ref().is_some_and(|known| known.policy_id == *id && known.fetched_at.plus(REFRESH) > now)
    };
    if let Some(id) = id.filter(|id| !is_current(id)).filter(|_| deps.failed_fetches.may_fetch(domain, now)) {
        match fetch(domain, deps).await {
            Ok(policy) => {
                store(domain, id, &policy, deps).await;
                return Ok(Some(policy));
            }
            Err(why) => {
                deps.failed_fetches.remember(domain, now);
                tracing::warn!(domain, why, "the MTA-STS policy of a domain cannot be fetched");
            }
        }
    }
    Ok(known.map(|known| Policy {
        mode: known.mode,
        hosts: known.hosts.split_whitespace().map(str::to_owned).collect(),
        max_age: Duration::ZERO,
    }))
}

async fn store(domain: &str, policy_id: String, policy: &Policy, deps: &DeliverDeps) {
    let now = deps.clock.now();
    let row = StsPolicy {
        policy_id,
        mode: policy.mode,
        hosts: policy.hosts.join(" "),
        fetched_at: now,
        expires_at: now.plus(policy.max_age),
    };
    if let Err(error) = deps.store.store_sts_policy(domain, &row).await {
        tracing::warn!(domain, %error, "the MTA-STS policy of a domain cannot be stored");
    }
}

/// Fetches the policy (RFC 8461 3.3): requires a valid certificate, and follows no redirects.
async fn fetch(domain: &str, deps: &DeliverDeps) -> Result<Policy, String> {
    let port = match deps.settings.mta_sts_port {
        443 => String::new(),
        port => format!(":{port}"),
    };
    let request = hyper::Request::get(format!("https://mta-sts.{domain}{port}/.well-known/mta-sts.txt"))
        .header(ACCEPT, "text/plain")
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    let http = HttpClient {
        egress: &deps.egress,
        deadlines: &deps.deadlines,
        max_size: sts::MAX_SIZE,
        allow_http_loopback: false,
    };
    let answer = http.send(request).await.map_err(|error| error.to_string())?;
    if answer.status() != hyper::StatusCode::OK {
        return Err(format!("it responds with status {}", answer.status().as_u16()));
    }
    // Users who may upload other types of files to this host could otherwise plant a policy.
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain")) {
        return Err("it is not text/plain".to_owned());
    }
    let policy = std::str::from_utf8(answer.body()).ok().and_then(sts::policy);
    policy.ok_or_else(|| "it is not a policy".to_owned())
}
