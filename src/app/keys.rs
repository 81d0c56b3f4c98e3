//! The master keys that seal passwords and tokens.

use std::sync::Arc;

use super::{Acting, Error, Target};
use crate::fact::{AuditEvent, Conflict};
use crate::oauth::{self, grant};
use crate::store::StoreError;
use crate::vault::{Location, Vault, VaultError};

/// Maximum number of passes of a rotation. Another process may seal secrets with the old key during a pass.
const MAX_PASSES: usize = 5;

/// Creates the first key. If the key of existing secrets is lost, `forgets` allows deleting those secrets. Returns the new vault and
/// the number of secrets deleted; `None` if none had to be deleted.
///
/// # Errors
/// A key exists already; or the key is lost and `forgets` is false.
pub async fn generate(acting: Acting<'_>, location: &Location, forgets: bool) -> Result<(Vault, Option<u64>), Error> {
    let mut forgotten = None;
    if let Some(path) = location.key_file_path().filter(|path| !path.exists())
        && acting.store.has_secrets().await?
    {
        if !forgets {
            return Err(StoreError::Vault(VaultError::Lost(path.to_owned())).into());
        }
        let mut tx = acting.begin().await?;
        let count = tx.delete_secrets().await?;
        acting.finish(tx, &AuditEvent::SecretsForgotten { count }, Target { organisation: None, name: "" }).await?;
        forgotten = Some(count);
    }
    Ok((location.generate().map_err(StoreError::Vault)?, forgotten))
}

/// Seals every password and token with a new key and drops the old keys. Returns the vault and the number of secrets sealed.
///
/// # Errors
/// [`Conflict::OldKeyInUse`]; a consent is being renewed at this moment.
pub async fn rotate(acting: Acting<'_>, location: &Location, deps: &oauth::OAuthDeps) -> Result<(Vault, usize), Error> {
    // Two rotations at once would each drop the other's key.
    let _alone = location.lock().map_err(StoreError::Vault)?;
    // The new key is on disk before anything is sealed with it, and an old key is dropped only when no secret needs it. After a
    // crash in between, all keys still exist, and the next rotation continues.
    let vault = Arc::new(location.add_key().map_err(StoreError::Vault)?);
    let (mut count, mut is_done) = (0, false);
    for _ in 0..MAX_PASSES {
        count = acting.store.reseal_passwords(&vault).await?;
        count += grant::reseal(deps, &vault).await?;
        // Another process may have sealed secrets with the old key in the meantime.
        is_done = acting.store.is_all_sealed_with(&vault).await?;
        if is_done {
            break;
        }
    }
    if !is_done {
        return Err(Conflict::OldKeyInUse.into());
    }
    let vault = location.drop_old_keys().map_err(StoreError::Vault)?;
    let tx = acting.begin().await?;
    acting.finish(tx, &AuditEvent::KeyRotated { count }, Target { organisation: None, name: "" }).await?;
    Ok((vault, count))
}
