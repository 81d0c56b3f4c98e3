//! Links that work once: for the first operator, for a new person, or for the credentials of a mailbox.
//!
//! A link is claimed before anything is done with it, and used up in the transaction that stores the result. Until then
//! it can be revoked like any unused link, in which case that transaction fails.

use std::time::Duration;

use super::{Role, Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// The purpose of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The first operator sets a name and a password.
    Setup,
    /// A new person sets a name and a password, and gets this role in this organisation.
    Invite { role: Role, organisation_id: Option<i64> },
    /// Somebody without an account gives the credentials of a mailbox.
    Connect { mailbox_id: i64 },
}

/// The creator of a link or a token.
#[derive(Debug, Clone, Copy)]
pub struct Creator<'a> {
    /// The name that is shown to the customer and in the audit log.
    pub who: &'a str,
    /// The token that was used, if any. A link is deleted together with the token that created it.
    pub token: Option<i64>,
}

impl<'a> From<&'a str> for Creator<'a> {
    fn from(who: &'a str) -> Self {
        Self { who, token: None }
    }
}

/// The exclusive right to use a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkClaim {
    key_hash: Vec<u8>,
    claim: i64,
}

/// Duration of a claim, unless it is released earlier. A login that tries the new credentials takes less.
const CLAIM_TTL: Duration = Duration::from_mins(5);

/// A link that can still be used.
#[derive(Debug, Clone)]
pub struct Link {
    pub purpose: Purpose,
    pub created_by: String,
}

/// An invitation that has not been accepted yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Invitation {
    /// The hash of the key, which identifies the invitation. The key itself is not stored.
    pub key_hash: Vec<u8>,
    /// The role of the invited person.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// The organisation of the invited person; `None`: an operator.
    pub organisation_id: Option<i64>,
    pub organisation: Option<String>,
    pub created_by: String,
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

#[derive(Debug)]
pub struct NewLink<'a> {
    /// Hash of the key.
    pub key_hash: &'a [u8],
    pub purpose: &'a Purpose,
    pub creator: Creator<'a>,
    pub expires_at: Timestamp,
}

impl Tx<'_> {
    /// Adds a link. A setup link replaces all other setup links, and a connect link those of its mailbox.
    pub async fn add_link(&mut self, new: NewLink<'_>, now: Timestamp) -> Result<(), StoreError> {
        let (name, role, organisation, mailbox) = match new.purpose {
            Purpose::Setup => ("setup", None, None, None),
            Purpose::Invite { role, organisation_id } => ("invite", Some(role.as_str()), *organisation_id, None),
            Purpose::Connect { mailbox_id } => ("connect", None, None, Some(*mailbox_id)),
        };
        match new.purpose {
            Purpose::Setup => {
                let others = self.sql(
                    r"-- remove the other links for setting up
                    DELETE FROM link WHERE purpose = 'setup'",
                );
                others.run().await?;
            }
            Purpose::Connect { mailbox_id } => {
                // Also remove a link that was just used: a release of its claim would make it usable again.
                let others = self.sql(
                    r"-- remove a mailbox's other links
                    DELETE FROM link WHERE mailbox_id = $1 AND (used_at IS NULL OR claim_until > $2)",
                );
                others.bind(*mailbox_id).bind(now).run().await?;
            }
            Purpose::Invite { .. } => {}
        }
        let add = self.sql(
            r"-- add a link
            INSERT INTO link (key_hash, purpose, role, organisation_id, mailbox_id, created_by, created_at, expires_at,
                token_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        );
        let add = add.bind(new.key_hash).bind(name).bind(role).bind(organisation).bind(mailbox);
        add.bind(new.creator.who).bind(now).bind(new.expires_at).bind(new.creator.token).run().await?;
        Ok(())
    }

    /// Revokes an invitation within the scope. Returns whether there was one.
    pub async fn revoke_invitation(&mut self, key_hash: &[u8], scope: Scope) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- revoke an invitation
            DELETE FROM link
            WHERE key_hash = $1 AND purpose = 'invite' AND used_at IS NULL AND ($2 IS NULL OR organisation_id = $2)",
        );
        Ok(statement.bind(key_hash).bind(scope.id()).run().await? == 1)
    }

    /// Uses up a claimed link.
    ///
    /// # Errors
    /// [`StoreError::LinkInvalid`]: the link has expired, been used or been revoked, or somebody else has claimed it.
    pub async fn consume_link(&mut self, claim: &LinkClaim, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- use up a claimed link
            UPDATE link SET used_at = $3
            WHERE key_hash = $1 AND claim = $2 AND used_at IS NULL AND expires_at > $3",
        );
        match statement.bind(&claim.key_hash).bind(claim.claim).bind(now).run().await? {
            1 => Ok(()),
            _ => Err(StoreError::LinkInvalid),
        }
    }
}

impl Store {
    /// The newest 200 invitations within the scope that can still be used, newest first.
    pub async fn open_invitations(&self, scope: Scope, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- open invitations
            SELECT l.key_hash, l.role, l.organisation_id, o.name AS organisation, l.created_by, l.expires_at
            FROM link l LEFT JOIN organisation o ON o.id = l.organisation_id
            WHERE l.purpose = 'invite' AND l.used_at IS NULL AND l.expires_at > $1
                AND ($2 IS NULL OR l.organisation_id = $2)
            ORDER BY l.created_at DESC LIMIT 200",
        );
        Ok(statement.bind(now).bind(scope.id()).all().await?)
    }

    pub async fn link(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<Link>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- link by key
            SELECT purpose, role, organisation_id, mailbox_id, created_by
            FROM link WHERE key_hash = $1 AND used_at IS NULL AND expires_at > $2",
        );
        let row: Option<Row> = statement.bind(key_hash).bind(now).first().await?;
        row.map(Row::into_link).transpose()
    }

    /// Claims a link that can still be used. Of two concurrent claims only one succeeds. Returns `None` if somebody
    /// else has claimed the link, or it is no longer valid.
    pub async fn claim_link(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<LinkClaim>, StoreError> {
        let claim: i64 = rand::random();
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- claim a link
            UPDATE link SET claim = $2, claim_until = $4
            WHERE key_hash = $1 AND used_at IS NULL AND expires_at > $3
                AND (claim_until IS NULL OR claim_until <= $3)",
        );
        let claimed = statement.bind(key_hash).bind(claim).bind(now).bind(now.plus(CLAIM_TTL)).run().await? == 1;
        tx.commit().await?;
        Ok(claimed.then(|| LinkClaim { key_hash: key_hash.to_vec(), claim }))
    }

    /// Releases a claimed link that was not used successfully. The link can be used again, unless it was revoked.
    pub async fn release_link(&self, claim: &LinkClaim) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- release a claimed link
            UPDATE link SET used_at = NULL, claim = NULL, claim_until = NULL WHERE key_hash = $1 AND claim = $2",
        );
        statement.bind(&claim.key_hash).bind(claim.claim).run().await?;
        tx.commit().await
    }

    /// Expiry of the valid connect link of a mailbox, if there is one.
    pub async fn open_connect_link(&self, mailbox_id: i64, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- open link of a mailbox
            SELECT max(expires_at) FROM link WHERE mailbox_id = $1 AND used_at IS NULL AND expires_at > $2",
        );
        Ok(statement.bind(mailbox_id).bind(now).value().await?)
    }
}
