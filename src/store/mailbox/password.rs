//! The sealed passwords of all mailboxes together.

use super::password_row;
use crate::store::db::{read, write};
use crate::store::{Store, StoreError};
use crate::vault::Vault;

impl Store {
    /// Whether any password is stored.
    pub async fn has_sealed_passwords(&self) -> Result<bool, StoreError> {
        let count: i64 = read!(self, pool =>
            sqlx::query_scalar("SELECT count(*) FROM mailbox WHERE password_sealed IS NOT NULL").fetch_one(pool).await)?;
        Ok(count > 0)
    }

    /// Forgets every password, since the key that sealed them is lost. Returns how many there were.
    pub async fn forget_passwords(&self) -> Result<u64, StoreError> {
        Ok(write!(self, tx => {
            sqlx::query("UPDATE mailbox SET password_sealed = NULL WHERE password_sealed IS NOT NULL")
                .execute(&mut *tx).await?.rows_affected()
        }))
    }

    /// Seals every password anew with the vault's sealing key; all or none. Returns how many there were.
    pub async fn reseal_passwords(&self, vault: &Vault) -> Result<usize, StoreError> {
        Ok(write!(self, tx => {
            let rows: Vec<(i64, Vec<u8>)> =
                sqlx::query_as("SELECT id, password_sealed FROM mailbox WHERE password_sealed IS NOT NULL")
                    .fetch_all(&mut *tx).await?;
            for (id, record) in &rows {
                let row = password_row(*id);
                let resealed = vault.seal(&row, &vault.open(&row, record)?)?;
                sqlx::query("UPDATE mailbox SET password_sealed = $2 WHERE id = $1")
                    .bind(id).bind(resealed).execute(&mut *tx).await?;
            }
            rows.len()
        }))
    }
}
