//! Links that work once: for the first operator, for a new person, for a mailbox's credentials.
//!
//! A link is claimed before anything is done by it, and used up in the transaction that writes what it was for. In between it can be
//! taken back like any other link that nobody has used: then that transaction fails.

use std::time::Duration;

use super::{Role, Scope, Store, StoreError, Tx};
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
const CLAIMED: Duration = Duration::from_mins(5);

/// A link that can still be used.
#[derive(Debug, Clone)]
pub struct Link {
    /// What for.
    pub purpose: Purpose,
    /// Who made it.
    pub created_by: String,
}

/// An invitation that nobody has followed yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Invitation {
    /// What it is known by; the key itself is nowhere.
    pub key_hash: Vec<u8>,
    /// What the one who follows it becomes.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// The row of the organisation where; `None`: an operator.
    pub organisation_id: Option<i64>,
    /// That organisation's name.
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

/// A link to be added.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// The hash of its key.
    pub key_hash: &'a [u8],
    /// What it is for.
    pub purpose: &'a Purpose,
    /// Who makes it.
    pub maker: Maker<'a>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Tx<'_> {
    /// Adds a link. One for setting up takes the place of every other; one for a mailbox, of that mailbox's.
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
                // One that was just used may still be given back.
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
        add.bind(new.maker.who).bind(now).bind(new.expires_at).bind(new.maker.token).run().await?;
        Ok(())
    }

    /// Revokes an invitation of this scope. Tells whether there was one.
    pub async fn revoke_invitation(&mut self, key_hash: &[u8], scope: Scope) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- revoke an invitation
            DELETE FROM link
            WHERE key_hash = $1 AND purpose = 'invite' AND used_at IS NULL AND ($2 IS NULL OR organisation_id = $2)",
        );
        Ok(statement.bind(key_hash).bind(scope.id()).run().await? == 1)
    }

    /// Uses a claimed link up.
    ///
    /// # Errors
    /// [`StoreError::LinkOver`]: the link is over, or somebody else has claimed it.
    pub async fn use_claimed(&mut self, claim: &LinkClaim, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- use a claimed link up
            UPDATE link SET used_at = $3
            WHERE key_hash = $1 AND claim = $2 AND used_at IS NULL AND expires_at > $3",
        );
        match statement.bind(&claim.key_hash).bind(claim.claim).bind(now).run().await? {
            1 => Ok(()),
            _ => Err(StoreError::LinkOver),
        }
    }
}

impl Store {
    /// The invitations of this scope that can still be used, the newest first.
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

    /// A link that can still be used.
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

    /// Claims a link that can still be used. Of two who do so at once, one gets it; `None`: somebody else has it, or it is over.
    pub async fn claim_link(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<LinkClaim>, StoreError> {
        let claim: i64 = rand::random();
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- claim a link
            UPDATE link SET claim = $2, claim_until = $4
            WHERE key_hash = $1 AND used_at IS NULL AND expires_at > $3
                AND (claim_until IS NULL OR claim_until <= $3)",
        );
        let claimed = statement.bind(key_hash).bind(claim).bind(now).bind(now.plus(CLAIMED)).run().await? == 1;
        tx.commit().await?;
        Ok(claimed.then(|| LinkClaim { key_hash: key_hash.to_vec(), claim }))
    }

    /// What a claimed link was for did not come about: it can be used again, where it was not revoked.
    pub async fn give_link_back(&self, claim: &LinkClaim) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- give a claimed link back
            UPDATE link SET used_at = NULL, claim = NULL, claim_until = NULL WHERE key_hash = $1 AND claim = $2",
        );
        statement.bind(&claim.key_hash).bind(claim.claim).run().await?;
        tx.commit().await
    }

    /// Until when the open link for a mailbox works, if there is one.
    pub async fn open_connect_link(&self, mailbox_id: i64, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- open link of a mailbox
            SELECT max(expires_at) FROM link WHERE mailbox_id = $1 AND used_at IS NULL AND expires_at > $2",
        );
        Ok(statement.bind(mailbox_id).bind(now).value().await?)
    }
}
