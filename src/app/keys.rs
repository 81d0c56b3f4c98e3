//! The master keys that seal passwords and tokens.

use std::sync::Arc;

use super::{Acting, Error, Target};
use crate::fact::{Conflict, Done};
use crate::oauth::{self, grant};
use crate::store::StoreError;
use crate::vault::{Location, Vault, VaultError};

/// How often what was sealed with the old key meanwhile is sealed anew.
const TRIES: usize = 5;

/// Creates the key where there is none. Where secrets were sealed with a key that is lost, they are forgotten if `forgets` says so.
/// Returns the new key, and how many secrets were forgotten.
///
/// # Errors
/// There is a key; or it is lost, and the secrets that it sealed are not to be forgotten.
pub async fn generate(acting: Acting<'_>, location: &Location, forgets: bool) -> Result<(Vault, Option<u64>), Error> {
    let mut forgotten = None;
    if let Some(path) = location.file().filter(|path| !path.exists())
        && acting.store.has_secrets().await?
    {
        if !forgets {
            return Err(StoreError::Vault(VaultError::Lost(path.to_owned())).into());
        }
        let mut tx = acting.begin().await?;
        let count = tx.forget_secrets().await?;
        acting.finish(tx, &Done::SecretsForgotten { count }, Target { organisation: None, name: "" }).await?;
        forgotten = Some(count);
    }
    Ok((location.generate().map_err(StoreError::Vault)?, forgotten))
}

/// Seals every password and token with a new key and drops the old ones. Returns the keys, and how many secrets were sealed.
///
/// # Errors
/// [`Conflict::OldKeyInUse`]; a consent is being renewed just now.
pub async fn rotate(acting: Acting<'_>, location: &Location, deps: &oauth::OAuthDeps) -> Result<(Vault, usize), Error> {
    // One at a time: each would drop the key of the other.
    let _alone = location.lock().map_err(StoreError::Vault)?;
    // The new key is on the disk before anything is sealed with it, and the old ones leave when nothing is any more. A crash in
    // between leaves all, and the next rotation goes on.
    let vault = Arc::new(location.add_key().map_err(StoreError::Vault)?);
    let (mut count, mut is_done) = (0, false);
    for _ in 0..TRIES {
        count = acting.store.reseal_passwords(&vault).await?;
        count += grant::reseal(deps, &vault).await?;
        // Another process may have written with the old key meanwhile.
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
    acting.finish(tx, &Done::KeyRotated { count }, Target { organisation: None, name: "" }).await?;
    Ok((vault, count))
}
