//! MTA-STS policies of recipients' domains. They are stored so that neither a restart nor an attacker who blocks the
//! answers of a domain can remove the domain's policy before it expires.

use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::target::StsMode;

/// A stored policy.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StsPolicy {
    /// The id that DNS gave for the policy when it was fetched.
    pub policy_id: String,
    #[sqlx(try_from = "String")]
    pub mode: StsMode,
    /// The patterns of permitted hosts, separated by spaces.
    pub hosts: String,
    pub fetched_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Store {
    /// The stored policy of a domain, unless it has expired.
    pub async fn sts_policy(&self, domain: &str, now: Timestamp) -> Result<Option<StsPolicy>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- MTA-STS policy of a domain
            SELECT policy_id, mode, hosts, fetched_at, expires_at FROM mta_sts_policy WHERE domain = $1 AND expires_at > $2",
        );
        Ok(statement.bind(domain).bind(now).first().await?)
    }

    /// Stores the policy of a domain, replacing an earlier one.
    pub async fn store_sts_policy(&self, domain: &str, policy: &StsPolicy) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- store an MTA-STS policy
            INSERT INTO mta_sts_policy (domain, policy_id, mode, hosts, fetched_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, mode = excluded.mode, hosts = excluded.hosts,
                fetched_at = excluded.fetched_at, expires_at = excluded.expires_at",
        );
        let StsPolicy { policy_id, mode, hosts, fetched_at, expires_at } = policy;
        let statement = statement.bind(domain).bind(policy_id.as_str()).bind(mode.as_str()).bind(hosts.as_str());
        statement.bind(*fetched_at).bind(*expires_at).run().await?;
        tx.commit().await
    }
}
