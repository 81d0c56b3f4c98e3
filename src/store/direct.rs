//! Single changes for tests, each in a transaction of its own. Outside of tests only `app/` makes changes, together
//! with their audit lines.

use super::db::Db;
use super::{
    Changes, LinkClaim, NewInbox, NewLink, NewLogin, NewMailbox, NewPerson, NewToken, Organisation, Person,
    QuarantineFilter, Scope, Server, Store, StoreError, TargetSettings,
};
use crate::address::Address;
use crate::clock::Timestamp;
use crate::fact::Resource;
use crate::mailbox::{Settings, TlsMode};
use crate::vault::Vault;

impl NewMailbox {
    /// A mailbox with this password and the default settings. Its server cannot be reached, so no test waits for the
    /// network.
    pub fn with_password(address: &str, inbox: &str, password: &str) -> Self {
        Self {
            address: address.parse().unwrap(),
            inbox: inbox.parse().unwrap(),
            server: Server { port: 1, ..Server::on_default_port("127.0.0.1".to_owned(), TlsMode::Implicit) },
            username: address.to_owned(),
            login: Some(NewLogin::Password(password.into())),
            needs_consent: false,
            setup: false,
            settings: Settings::default(),
        }
    }
}

impl Store {
    pub async fn organisation_named(&self, name: &str, now: Timestamp) -> Result<Organisation, StoreError> {
        let mut tx = self.begin().await?;
        let (organisation, _) = tx.add_organisation(name, now).await?;
        tx.commit().await?;
        Ok(organisation)
    }

    pub async fn add_inbox(&self, new: &NewInbox, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.add_inbox(new, now).await?;
        tx.commit().await
    }

    /// Adds a target to an inbox. No server listens at its URL.
    pub async fn add_target(&self, inbox: &Address, now: Timestamp) -> i64 {
        let mut tx = self.begin().await.unwrap();
        let inbox = tx.inbox(inbox).await.unwrap();
        let settings = TargetSettings::smtp("smtp://127.0.0.1:1");
        let id = tx.add_delivery_target(Some(inbox.id), &settings, now).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Marks the bytes of a message as deleted after its delivery.
    pub async fn mark_raw_removed(&self, message: i64, now: Timestamp) {
        let mut tx = self.begin().await.unwrap();
        let statement = tx.sql("UPDATE message SET raw_removed_at = $2 WHERE id = $1");
        statement.bind(message).bind(now).run().await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn remove_inbox(&self, address: &Address, with_messages: bool) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let inbox = tx.lock_inbox(address).await?;
        tx.remove_inbox(inbox, with_messages).await?;
        tx.commit().await
    }

    pub async fn add_route(&self, recipient: &Address, inbox: &Address, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let inbox = tx.inbox(inbox).await?;
        tx.add_route(recipient, inbox.id, now).await?;
        tx.commit().await
    }

    pub async fn remove_route(&self, recipient: &Address, inbox: Option<&Address>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let inbox = match inbox {
            Some(inbox) => Some(tx.inbox(inbox).await?.id),
            None => None,
        };
        if tx.remove_routes(recipient, inbox).await? == 0 {
            return Err(Resource::Route(recipient.to_string()).missing());
        }
        tx.commit().await
    }

    pub async fn add_person(&self, new: &NewPerson<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.add_person(new, now).await?;
        tx.commit().await
    }

    pub async fn remove_person(&self, person: &Person) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let tokens = tx.remove_person(person).await?;
        tx.commit().await?;
        Ok(tokens)
    }

    pub async fn set_password(&self, person_id: i64, hash: &str, keep: Option<&[u8]>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.set_password(person_id, hash, keep).await?;
        tx.commit().await
    }

    pub async fn join(&self, claim: &LinkClaim, new: &NewPerson<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.consume_link(claim, now).await?;
        tx.add_person(new, now).await?;
        tx.commit().await
    }

    pub async fn add_token(&self, new: NewToken<'_>, now: Timestamp) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let id = tx.add_token(new, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    pub async fn revoke_token(&self, id: i64, with_descendants: bool) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let revoked = tx.revoke_token(id, with_descendants).await?;
        tx.commit().await?;
        Ok(revoked)
    }

    pub async fn add_link(&self, new: NewLink<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.add_link(new, now).await?;
        tx.commit().await
    }

    pub async fn revoke_invitation(&self, key_hash: &[u8], scope: Scope) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let revoked = tx.revoke_invitation(key_hash, scope).await?;
        tx.commit().await?;
        Ok(revoked)
    }

    pub async fn add_mailbox(&self, new: &NewMailbox, vault: &Vault, now: Timestamp) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let id = tx.add_mailbox(new, vault, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    pub async fn change_mailbox(
        &self,
        address: &Address,
        changes: &Changes,
        vault: Option<&Vault>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.change_mailbox(address, changes, vault, now).await?;
        tx.commit().await
    }

    pub async fn pause_mailbox(&self, address: &Address, paused: bool, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let mailbox = tx.lock_mailbox(address).await?;
        tx.pause_mailbox(mailbox.id, paused, now).await?;
        tx.commit().await
    }

    pub async fn remove_mailbox(&self, address: &Address) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let mailbox = tx.mailbox(address).await?;
        tx.remove_mailbox(mailbox.id).await?;
        tx.commit().await
    }

    pub async fn skip_manually(
        &self,
        folder_id: i64,
        uid: u32,
        uidvalidity: Option<u32>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let skipped = tx.skip_manually(folder_id, uid, uidvalidity, now).await?;
        if skipped {
            tx.commit().await?;
        }
        Ok(skipped)
    }

    pub async fn retry_quarantined(
        &self,
        mailbox_id: i64,
        filter: QuarantineFilter<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let count = tx.retry_quarantined(mailbox_id, filter, now).await?;
        tx.commit().await?;
        Ok(count)
    }

    pub async fn delete_tokens(&self, grant_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.delete_tokens(grant_id).await?;
        tx.commit().await
    }

    pub async fn begin_test(&self, mailbox_id: i64, code: &str, now: Timestamp) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let id = tx.begin_test(mailbox_id, code, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    pub async fn record_consent(&self, id: i64, username: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.record_consent(id, username, now).await?;
        tx.commit().await
    }

    /// The rows of the tables as text, sorted, without the columns in `without` and without the columns that differ from
    /// run to run or only refer to other rows. Sessions, browsers, housekeeping and the installation are left out.
    pub async fn dump(&self, without: &[&str]) -> serde_json::Value {
        use sqlx::Row;
        let Db::Sqlite { readers, .. } = &self.db else { panic!("only SQLite is dumped") };
        let volatile = |column: &str| {
            without.contains(&column)
                || ["_at", "_until", "_sealed", "hash", "token", "claim", "_id"].iter().any(|end| column.ends_with(end))
        };
        let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' \
                     AND name NOT IN ('session', 'browser', 'housekeeping', 'installation') ORDER BY name";
        let tables: Vec<String> = sqlx::query_scalar(names).fetch_all(readers).await.unwrap();
        let mut dump = serde_json::Map::new();
        for table in tables {
            let columns = format!("SELECT name FROM pragma_table_info('{table}') ORDER BY name");
            let columns: Vec<String> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(columns)).fetch_all(readers).await.unwrap();
            let kept: Vec<String> = columns.into_iter().filter(|column| !volatile(column)).collect();
            if kept.is_empty() {
                continue;
            }
            let texts: Vec<String> = kept.iter().map(|column| format!("quote({column})")).collect();
            let select = format!("SELECT {} FROM {table}", texts.join(" || ' ' || "));
            let rows = sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(readers).await.unwrap();
            let mut rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            rows.sort();
            dump.insert(format!("{table} ({})", kept.join(", ")), rows.into());
        }
        serde_json::Value::Object(dump)
    }
}
