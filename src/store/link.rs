//! Links that work once: for the first operator, for a new person, for a mailbox's credentials.
//!
//! A link is claimed before anything is done by it, and used up in the transaction that writes what it was for. In between it can be
//! taken back like any other link that nobody has used: then that transaction fails.

use super::db::{read, write};
use super::person::insert_person;
use super::{NewPerson, Role, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The first operator sets a name and a password.
    Setup,
    /// A new person does, who becomes this, there.
    Invite { role: Role, organisation_id: Option<i64> },
    /// Somebody who has no account here gives a mailbox's credentials.
    Connect { mailbox_id: i64 },
}

/// Who makes a link: what the customer or the audit is told, and the token that it goes with, where it was a token.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// In words.
    pub who: &'a str,
    /// The token's row.
    pub token: Option<i64>,
}

impl<'a> From<&'a str> for Maker<'a> {
    fn from(who: &'a str) -> Self {
        Self { who, token: None }
    }
}

/// The right to use a link up, which one has at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkClaim {
    key_hash: Vec<u8>,
    claim: i64,
}

/// A claim that is not given back ends by itself: a trial login takes less.
const CLAIMED_MS: i64 = 5 * 60 * 1000;

/// A link that can still be used.
#[derive(Debug, Clone)]
pub struct Link {
    /// What for.
    pub purpose: Purpose,
    /// Who made it.
    pub created_by: String,
}

/// An invitation that nobody has followed yet.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// What it is known by; the key itself is nowhere.
    pub key_hash: Vec<u8>,
    /// What the one who follows it becomes.
    pub role: Role,
    /// Where.
    pub organisation: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    purpose: String,
    role: Option<String>,
    organisation_id: Option<i64>,
    mailbox_id: Option<i64>,
    created_by: String,
}

impl Row {
    fn into_link(self) -> Result<Link, StoreError> {
        let unknown = || StoreError::Unknown(format!("link for {}", self.purpose));
        let purpose = match (self.purpose.as_str(), self.role.as_deref(), self.mailbox_id) {
            ("setup", ..) => Purpose::Setup,
            ("invite", Some(role), _) => {
                Purpose::Invite { role: role.parse().map_err(|_| unknown())?, organisation_id: self.organisation_id }
            }
            ("connect", _, Some(mailbox_id)) => Purpose::Connect { mailbox_id },
            _ => return Err(unknown()),
        };
        Ok(Link { purpose, created_by: self.created_by })
    }
}

/// In a transaction: uses a claimed link up, or leaves the transaction where the link is over or claimed by another.
macro_rules! use_claimed {
    ($tx:ident, $claim:expr, $now:expr) => {
        let used = sqlx::query(
            "UPDATE link SET used_at = $3 WHERE key_hash = $1 AND claim = $2 AND used_at IS NULL AND expires_at > $3",
        )
        .bind($claim.key_hash())
        .bind($claim.number())
        .bind($now.0)
        .execute(&mut *$tx)
        .await?
        .rows_affected();
        if used != 1 {
            return Err($crate::store::StoreError::LinkOver);
        }
    };
}
pub(super) use use_claimed;

impl LinkClaim {
    pub(super) fn key_hash(&self) -> &[u8] {
        &self.key_hash
    }

    pub(super) fn number(&self) -> i64 {
        self.claim
    }
}

impl Store {
    /// Makes a link. One for setting up takes the place of every other; one for a mailbox, of that mailbox's.
    pub async fn add_link(
        &self,
        key_hash: &[u8],
        purpose: &Purpose,
        maker: impl Into<Maker<'_>>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let maker = maker.into();
        let (name, role, organisation, mailbox) = match purpose {
            Purpose::Setup => ("setup", None, None, None),
            Purpose::Invite { role, organisation_id } => ("invite", Some(role.as_str()), *organisation_id, None),
            Purpose::Connect { mailbox_id } => ("connect", None, None, Some(*mailbox_id)),
        };
        write!(self, tx => {
            // Those that have long ended are of use to nobody; used ones are kept a while, to say that they were used.
            sqlx::query("DELETE FROM link WHERE expires_at < $1").bind(now.0 - 30 * 24 * 3600 * 1000).execute(&mut *tx).await?;
            match name {
                "setup" => {
                    sqlx::query("DELETE FROM link WHERE purpose = 'setup'").execute(&mut *tx).await?;
                }
                "connect" => {
                    // One that was just used may still be given back.
                    sqlx::query("DELETE FROM link WHERE mailbox_id = $1 AND (used_at IS NULL OR claim_until > $2)")
                        .bind(mailbox).bind(now.0).execute(&mut *tx).await?;
                }
                _ => {}
            }
            sqlx::query(
                "INSERT INTO link (key_hash, purpose, role, organisation_id, mailbox_id, created_by, created_at, expires_at, token_id) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(key_hash).bind(name).bind(role).bind(organisation).bind(mailbox).bind(maker.who).bind(now.0).bind(expires_at.0)
            .bind(maker.token)
            .execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// The invitations of this scope that can still be used, the newest first.
    pub async fn open_invitations(&self, scope: Scope, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        type Row = (Vec<u8>, String, Option<String>, String, i64);
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            "SELECT l.key_hash, l.role, o.name, l.created_by, l.expires_at FROM link l \
             LEFT JOIN organisation o ON o.id = l.organisation_id WHERE l.purpose = 'invite' AND l.used_at IS NULL \
             AND l.expires_at > $1 AND ($2 IS NULL OR l.organisation_id = $2) ORDER BY l.created_at DESC LIMIT 200",
        ).bind(now.0).bind(scope.id()).fetch_all(pool).await)?;
        rows.into_iter()
            .map(|(key_hash, role, organisation, created_by, expires_at)| {
                let role = role.parse().map_err(StoreError::Unknown)?;
                Ok(Invitation { key_hash, role, organisation, created_by, expires_at: Timestamp(expires_at) })
            })
            .collect()
    }

    /// Takes an invitation of this scope back. Tells whether there was one.
    pub async fn revoke_invitation(&self, key_hash: &[u8], scope: Scope) -> Result<bool, StoreError> {
        Ok(write!(self, tx => {
            sqlx::query(
                "DELETE FROM link WHERE key_hash = $1 AND purpose = 'invite' AND used_at IS NULL \
                 AND ($2 IS NULL OR organisation_id = $2)",
            )
            .bind(key_hash).bind(scope.id()).execute(&mut *tx).await?.rows_affected() == 1
        }))
    }

    /// A link that can still be used.
    pub async fn link(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<Link>, StoreError> {
        let row: Option<Row> = read!(self, pool => sqlx::query_as(
            "SELECT purpose, role, organisation_id, mailbox_id, created_by FROM link \
             WHERE key_hash = $1 AND used_at IS NULL AND expires_at > $2",
        ).bind(key_hash).bind(now.0).fetch_optional(pool).await)?;
        row.map(Row::into_link).transpose()
    }

    /// Claims a link that can still be used. Of two who do so at once, one gets it; `None`: somebody else has it, or it is over.
    pub async fn claim_link(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<LinkClaim>, StoreError> {
        let claim: i64 = rand::random();
        let claimed = write!(self, tx => {
            sqlx::query(
                "UPDATE link SET claim = $2, claim_until = $4 WHERE key_hash = $1 AND used_at IS NULL AND expires_at > $3 \
                 AND (claim_until IS NULL OR claim_until <= $3)",
            )
            .bind(key_hash).bind(claim).bind(now.0).bind(now.0 + CLAIMED_MS).execute(&mut *tx).await?.rows_affected() == 1
        });
        Ok(claimed.then(|| LinkClaim { key_hash: key_hash.to_vec(), claim }))
    }

    /// What a claimed link was for did not come about: it can be used again, where it was not taken back.
    pub async fn give_link_back(&self, claim: &LinkClaim) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE link SET used_at = NULL, claim = NULL, claim_until = NULL WHERE key_hash = $1 AND claim = $2")
                .bind(&claim.key_hash).bind(claim.claim).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Adds the person for whom a claimed link was made, and uses the link up with it.
    ///
    /// # Errors
    /// [`StoreError::LinkOver`]: the link no longer works. Somebody has the name already: the link still works.
    pub async fn join(&self, claim: &LinkClaim, new: &NewPerson<'_>, now: Timestamp) -> Result<(), StoreError> {
        let name = new.checked()?;
        write!(self, tx => {
            use_claimed!(tx, claim, now);
            insert_person!(tx, new, name, now);
        });
        Ok(())
    }

    /// Until when the open link for a mailbox works, if there is one.
    pub async fn open_connect_link(&self, mailbox_id: i64, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let until: Option<i64> = read!(self, pool => sqlx::query_scalar(
            "SELECT max(expires_at) FROM link WHERE mailbox_id = $1 AND used_at IS NULL AND expires_at > $2",
        ).bind(mailbox_id).bind(now.0).fetch_one(pool).await)?;
        Ok(until.map(Timestamp))
    }
}
