//! Links that work once: for the first operator, for a new person, for a mailbox's credentials.

use super::db::{read, write};
use super::{Role, Scope, Store, StoreError};
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

impl Store {
    /// Makes a link. One for setting up takes the place of every other; one for a mailbox, of that mailbox's.
    pub async fn add_link(
        &self,
        key_hash: &[u8],
        purpose: &Purpose,
        created_by: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
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
                    sqlx::query("DELETE FROM link WHERE mailbox_id = $1 AND used_at IS NULL").bind(mailbox).execute(&mut *tx).await?;
                }
                _ => {}
            }
            sqlx::query(
                "INSERT INTO link (key_hash, purpose, role, organisation_id, mailbox_id, created_by, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(key_hash).bind(name).bind(role).bind(organisation).bind(mailbox).bind(created_by).bind(now.0).bind(expires_at.0)
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

    /// Uses a link up. Of two who do so at once, one is told that it was his.
    pub async fn use_link(&self, key_hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        Ok(write!(self, tx => {
            sqlx::query("UPDATE link SET used_at = $2 WHERE key_hash = $1 AND used_at IS NULL AND expires_at > $2")
                .bind(key_hash).bind(now.0).execute(&mut *tx).await?.rows_affected() == 1
        }))
    }

    /// What a link was for did not come about: it can be used again.
    pub async fn give_link_back(&self, key_hash: &[u8]) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE link SET used_at = NULL WHERE key_hash = $1").bind(key_hash).execute(&mut *tx).await?;
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
