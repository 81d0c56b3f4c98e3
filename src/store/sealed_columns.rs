//! The sealed columns: passwords of mailboxes, secrets of targets and tokens of grants.

use super::{
    Reader, Store, StoreError, Tx, access_row, password_row, refresh_row, target_look_password_row,
    target_old_secret_row, target_secret_row,
};
use crate::vault::Vault;

/// A sealed column: the names of its records, and the statements that read and write them.
struct Column {
    record_name: fn(i64) -> String,
    select_all: &'static str,
    /// Reads one record and locks its row until the end of the transaction.
    lock: &'static str,
    update: &'static str,
    delete: &'static str,
}

const PASSWORD: Column = Column {
    record_name: password_row,
    select_all: r"-- sealed passwords
        SELECT id, password_sealed FROM mailbox WHERE password_sealed IS NOT NULL",
    lock: r"-- lock a sealed password
        UPDATE mailbox SET password_sealed = password_sealed
        WHERE password_sealed IS NOT NULL AND id = $1
        RETURNING password_sealed",
    update: r"-- reseal a password
        UPDATE mailbox SET password_sealed = $2 WHERE id = $1",
    delete: r"-- delete all passwords
        UPDATE mailbox SET password_sealed = NULL WHERE password_sealed IS NOT NULL",
};
const TARGET_SECRETS: [Column; 3] = [
    Column {
        record_name: target_secret_row,
        select_all: r"-- sealed secrets of delivery targets
            SELECT id, secret_sealed FROM delivery_target WHERE secret_sealed IS NOT NULL",
        lock: r"-- lock a sealed secret of a delivery target
            UPDATE delivery_target SET secret_sealed = secret_sealed
            WHERE secret_sealed IS NOT NULL AND id = $1
            RETURNING secret_sealed",
        update: r"-- reseal a secret of a delivery target
            UPDATE delivery_target SET secret_sealed = $2 WHERE id = $1",
        delete: r"-- delete all secrets of delivery targets
            UPDATE delivery_target SET secret_sealed = NULL WHERE secret_sealed IS NOT NULL",
    },
    Column {
        record_name: target_old_secret_row,
        select_all: r"-- sealed old secrets of delivery targets
            SELECT id, old_secret_sealed FROM delivery_target WHERE old_secret_sealed IS NOT NULL",
        lock: r"-- lock a sealed old secret of a delivery target
            UPDATE delivery_target SET old_secret_sealed = old_secret_sealed
            WHERE old_secret_sealed IS NOT NULL AND id = $1
            RETURNING old_secret_sealed",
        update: r"-- reseal an old secret of a delivery target
            UPDATE delivery_target SET old_secret_sealed = $2 WHERE id = $1",
        delete: r"-- delete all old secrets of delivery targets
            UPDATE delivery_target SET old_secret_sealed = NULL WHERE old_secret_sealed IS NOT NULL",
    },
    Column {
        record_name: target_look_password_row,
        select_all: r"-- sealed passwords of delivery targets' mailboxes
            SELECT id, look_password_sealed FROM delivery_target WHERE look_password_sealed IS NOT NULL",
        lock: r"-- lock a sealed password of a delivery target's mailbox
            UPDATE delivery_target SET look_password_sealed = look_password_sealed
            WHERE look_password_sealed IS NOT NULL AND id = $1
            RETURNING look_password_sealed",
        update: r"-- reseal a password of a delivery target's mailbox
            UPDATE delivery_target SET look_password_sealed = $2 WHERE id = $1",
        delete: r"-- delete all passwords of delivery targets' mailboxes
            UPDATE delivery_target SET look_password_sealed = NULL WHERE look_password_sealed IS NOT NULL",
    },
];
const TOKENS: [Column; 2] = [
    Column {
        record_name: refresh_row,
        select_all: r"-- sealed refresh tokens
            SELECT id, refresh_sealed FROM oauth_grant WHERE refresh_sealed IS NOT NULL",
        lock: r"-- lock a sealed refresh token
            UPDATE oauth_grant SET refresh_sealed = refresh_sealed
            WHERE refresh_sealed IS NOT NULL AND id = $1
            RETURNING refresh_sealed",
        update: r"-- reseal a refresh token
            UPDATE oauth_grant SET refresh_sealed = $2 WHERE id = $1",
        delete: r"-- delete all refresh tokens
            UPDATE oauth_grant SET refresh_sealed = NULL, flow = NULL, version = version + 1
            WHERE refresh_sealed IS NOT NULL",
    },
    Column {
        record_name: access_row,
        select_all: r"-- sealed access tokens
            SELECT id, access_sealed FROM oauth_grant WHERE access_sealed IS NOT NULL",
        lock: r"-- lock a sealed access token
            UPDATE oauth_grant SET access_sealed = access_sealed
            WHERE access_sealed IS NOT NULL AND id = $1
            RETURNING access_sealed",
        update: r"-- reseal an access token
            UPDATE oauth_grant SET access_sealed = $2 WHERE id = $1",
        delete: r"-- delete all access tokens
            UPDATE oauth_grant SET access_sealed = NULL, version = version + 1 WHERE access_sealed IS NOT NULL",
    },
];

fn columns() -> impl Iterator<Item = &'static Column> {
    std::iter::once(&PASSWORD).chain(&TARGET_SECRETS).chain(&TOKENS)
}

impl Reader {
    /// The records of a column, by row.
    async fn sealed(&mut self, column: &Column) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        Ok(self.sql(column.select_all).all().await?)
    }
}

impl Store {
    pub async fn has_secrets(&self) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        for column in columns() {
            let found: Option<(i64, Vec<u8>)> = reader.sql(column.select_all).first().await?;
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reseals every password and every secret of a target with the vault's current key. Returns the number of resealed
    /// values. A value that is set meanwhile is not overwritten.
    pub async fn reseal_passwords(&self, vault: &Vault) -> Result<usize, StoreError> {
        let mut count = 0;
        for column in std::iter::once(&PASSWORD).chain(&TARGET_SECRETS) {
            for (id, _) in self.read().await?.sealed(column).await? {
                count += self.reseal(id, std::slice::from_ref(column), vault).await?;
            }
        }
        Ok(count)
    }

    /// Reseals the tokens of one grant.
    pub async fn reseal_tokens(&self, grant_id: i64, vault: &Vault) -> Result<usize, StoreError> {
        self.reseal(grant_id, &TOKENS, vault).await
    }

    async fn reseal(&self, id: i64, columns: &[Column], vault: &Vault) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let mut count = 0;
        for column in columns {
            let record: Option<Vec<u8>> = tx.sql(column.lock).bind(id).first_value().await?;
            let Some(record) = record else { continue };
            let row = (column.record_name)(id);
            let resealed = vault.seal(&row, &vault.open(&row, &record)?)?;
            tx.sql(column.update).bind(id).bind(resealed).run().await?;
            count += 1;
        }
        tx.commit().await?;
        Ok(count)
    }

    /// Whether every secret is sealed with the current key.
    pub async fn is_all_sealed_with(&self, vault: &Vault) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        for column in columns() {
            let records = reader.sealed(column).await?;
            if !records.iter().all(|(_, record)| vault.is_current(record)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Opens every secret, to check that the key is the right one. Returns the number of secrets.
    pub async fn open_secrets(&self, vault: &Vault) -> Result<usize, StoreError> {
        let mut count = 0;
        let mut reader = self.read().await?;
        for column in columns() {
            let records = reader.sealed(column).await?;
            for (id, record) in &records {
                vault.open(&(column.record_name)(*id), record)?;
            }
            count += records.len();
        }
        Ok(count)
    }
}

impl Tx<'_> {
    /// Deletes every secret, for use after the key that sealed them is lost. Returns the number of deleted secrets.
    pub async fn delete_secrets(&mut self) -> Result<u64, StoreError> {
        let mut count = 0;
        for column in columns() {
            count += self.sql(column.delete).run().await?;
        }
        Ok(count)
    }
}
