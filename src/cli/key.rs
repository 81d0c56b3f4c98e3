//! `mailferry key`

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::oauth::grant;
use crate::store::StoreError;
use crate::vault::VaultError;
use crate::wiring;

/// How often what was sealed with the old key meanwhile is sealed anew.
const TRIES: usize = 5;

#[derive(Subcommand)]
pub enum Command {
    /// Create the key file; never overwrites one
    Generate {
        /// The old key is lost for good: forget the passwords and tokens that only it could open
        #[arg(long)]
        forget_passwords: bool,
    },
    /// Seal every password and token with a new key and forget the old one
    Rotate,
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let location = wiring::key_location(&context.config, &context.store);
    let file = || location.file().map(|path| path.display().to_string()).unwrap_or_default();
    match command {
        Command::Generate { forget_passwords } => {
            if let Some(path) = location.file().filter(|path| !path.exists())
                && context.store.has_secrets().await?
            {
                if !forget_passwords {
                    return Err(StoreError::Vault(VaultError::Lost(path.to_owned())).into());
                }
                let count = context.store.forget_secrets().await?;
                context.output.say(&format!(
                    "Forgot {count} stored secrets. Give each mailbox its own again: \
                     mailferry mailbox set ADDRESS --password-stdin, or mailferry oauth connect ADDRESS"
                ))?;
            }
            let vault = location.generate().map_err(StoreError::Vault)?;
            let made = json!({ "file": file(), "key": vault.sealing_key() });
            context
                .output
                .one(&made, || format!("Created {}. Keep a copy apart from the database's backup.", file()))?;
        }
        Command::Rotate => {
            context.vault().await?; // creates the first key where there is none
            // One at a time: each would drop the key of the other.
            let _alone = location.lock().map_err(StoreError::Vault)?;
            // The new key is on the disk before anything is sealed with it, and the old ones leave when nothing is any more. A
            // crash in between leaves all, and the next rotation goes on.
            let vault = Arc::new(location.add_key().map_err(StoreError::Vault)?);
            let deps = context.deps().await?.tokens();
            let mut count = 0;
            for _ in 0..TRIES {
                count = context.store.reseal_passwords(&vault).await?;
                count += grant::reseal(&deps, &vault).await.map_err(|error| Failure::failed(error.to_string()))?;
                // What was being written by somebody with the old key meanwhile is seen now.
                if context.store.is_all_sealed_with(&vault).await? {
                    break;
                }
            }
            if !context.store.is_all_sealed_with(&vault).await? {
                return Err(Failure::failed(
                    "something is still being sealed with the old key, so both keys stay; run `mailferry key rotate` again",
                ));
            }
            let vault = location.drop_old_keys().map_err(StoreError::Vault)?;
            let done = json!({ "file": file(), "key": vault.sealing_key(), "resealed": count });
            context
                .output
                .one(&done, || format!("Sealed {count} secrets with a new key in {}. Keep a copy.", file()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
