//! `mailferry key`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::app;
use crate::oauth::grant;
use crate::store::StoreError;
use crate::vault::VaultError;

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
    let location = app::key_location(&context.config, &context.store);
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
            // The new key is on the disk before anything is sealed with it, and the old one leaves when nothing is any more.
            // A crash in between leaves both, and the next rotation goes on.
            let vault = location.add_key().map_err(StoreError::Vault)?;
            let mut count = context.store.reseal_passwords(&vault).await?;
            let deps = app::deps(&context.config, context.store.clone(), vault).tokens();
            count += grant::reseal(&deps).await.map_err(|error| Failure::failed(error.to_string()))?;
            let vault = location.drop_old_keys().map_err(StoreError::Vault)?;
            let done = json!({ "file": file(), "key": vault.sealing_key(), "resealed": count });
            context
                .output
                .one(&done, || format!("Sealed {count} secrets with a new key in {}. Keep a copy.", file()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
