//! Everything that is sealed: the passwords of mailboxes and the tokens of grants.

use super::db::{Db, read, write};
use super::{Store, StoreError, access_row, password_row, refresh_row};
use crate::vault::Vault;

/// A sealed column: how its records are named, and the statements that read and write them.
struct Column {
    row: fn(i64) -> String,
    select: &'static str,
    one: &'static str,
    update: &'static str,
    forget: &'static str,
}

const PASSWORD: Column = Column {
    row: password_row,
    select: "SELECT id, password_sealed FROM mailbox WHERE password_sealed IS NOT NULL",
    one: "SELECT id, password_sealed FROM mailbox WHERE password_sealed IS NOT NULL AND id = $1",
    update: "UPDATE mailbox SET password_sealed = $2 WHERE id = $1",
    forget: "UPDATE mailbox SET password_sealed = NULL WHERE password_sealed IS NOT NULL",
};
const TOKENS: [Column; 2] = [
    Column {
        row: refresh_row,
        select: "SELECT id, refresh_sealed FROM oauth_grant WHERE refresh_sealed IS NOT NULL",
        one: "SELECT id, refresh_sealed FROM oauth_grant WHERE refresh_sealed IS NOT NULL AND id = $1",
        update: "UPDATE oauth_grant SET refresh_sealed = $2 WHERE id = $1",
        forget: "UPDATE oauth_grant SET refresh_sealed = NULL, flow = NULL, version = version + 1 WHERE refresh_sealed IS NOT NULL",
    },
    Column {
        row: access_row,
        select: "SELECT id, access_sealed FROM oauth_grant WHERE access_sealed IS NOT NULL",
        one: "SELECT id, access_sealed FROM oauth_grant WHERE access_sealed IS NOT NULL AND id = $1",
        update: "UPDATE oauth_grant SET access_sealed = $2 WHERE id = $1",
        forget: "UPDATE oauth_grant SET access_sealed = NULL, version = version + 1 WHERE access_sealed IS NOT NULL",
    },
];

fn columns() -> impl Iterator<Item = &'static Column> {
    std::iter::once(&PASSWORD).chain(&TOKENS)
}

impl Store {
    /// Whether any secret is stored.
    pub async fn has_secrets(&self) -> Result<bool, StoreError> {
        for column in columns() {
            let found: Option<(i64, Vec<u8>)> =
                read!(self, pool => sqlx::query_as(column.select).fetch_optional(pool).await)?;
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forgets every secret, since the key that sealed them is lost. Returns how many there were.
    pub async fn forget_secrets(&self) -> Result<u64, StoreError> {
        Ok(write!(self, tx => {
            let mut count = 0;
            for column in columns() {
                count += sqlx::query(column.forget).execute(&mut *tx).await?.rows_affected();
            }
            count
        }))
    }

    /// Seals every password anew with the vault's sealing key. Returns how many there were. A password that is given meanwhile
    /// stays.
    pub async fn reseal_passwords(&self, vault: &Vault) -> Result<usize, StoreError> {
        let all: Vec<(i64, Vec<u8>)> = read!(self, pool => sqlx::query_as(PASSWORD.select).fetch_all(pool).await)?;
        for (id, _) in &all {
            self.reseal(*id, &[PASSWORD], vault).await?;
        }
        Ok(all.len())
    }

    /// The same for one grant's tokens.
    pub async fn reseal_tokens(&self, grant_id: i64, vault: &Vault) -> Result<usize, StoreError> {
        self.reseal(grant_id, &TOKENS, vault).await
    }

    async fn reseal(&self, id: i64, columns: &[Column], vault: &Vault) -> Result<usize, StoreError> {
        Ok(write!(self, tx => {
            let mut count = 0;
            for column in columns {
                // Nobody writes it between the reading and the writing; SQLite's transactions are writers from the beginning.
                let locked = format!("{} FOR UPDATE", column.one);
                let one = if matches!(self.db, Db::Postgres(_)) { locked } else { column.one.to_owned() };
                let record: Option<(i64, Vec<u8>)> =
                    sqlx::query_as(sqlx::AssertSqlSafe(one)).bind(id).fetch_optional(&mut *tx).await?;
                let Some((_, record)) = record else { continue };
                let row = (column.row)(id);
                let resealed = vault.seal(&row, &vault.open(&row, &record)?)?;
                sqlx::query(column.update).bind(id).bind(resealed).execute(&mut *tx).await?;
                count += 1;
            }
            count
        }))
    }

    /// Whether every secret is sealed with the key that seals now.
    pub async fn is_all_sealed_with(&self, vault: &Vault) -> Result<bool, StoreError> {
        for column in columns() {
            let records: Vec<(i64, Vec<u8>)> =
                read!(self, pool => sqlx::query_as(column.select).fetch_all(pool).await)?;
            if !records.iter().all(|(_, record)| vault.is_current(record)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Opens every secret: a key that is there may still be the wrong one. Returns how many there are.
    pub async fn open_secrets(&self, vault: &Vault) -> Result<usize, StoreError> {
        let mut count = 0;
        for column in columns() {
            let records: Vec<(i64, Vec<u8>)> =
                read!(self, pool => sqlx::query_as(column.select).fetch_all(pool).await)?;
            for (id, record) in &records {
                vault.open(&(column.row)(*id), record)?;
            }
            count += records.len();
        }
        Ok(count)
    }
}
