//! The values that identify this installation.

use super::{Store, StoreError};

/// Values that are created with the database.
#[derive(Clone, sqlx::FromRow)]
pub struct Installation {
    /// The installation's public name, which is put into the header of mail that it delivers.
    pub name: String,
    /// The secret that signs the numbers of deliveries in bounce addresses and of messages in the trace fields.
    pub secret: Vec<u8>,
}

impl Store {
    /// The values of this installation.
    pub async fn installation(&self) -> Result<Installation, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- installation
            SELECT name, secret FROM installation",
        );
        Ok(statement.only().await?)
    }
}
