//! `mailferry key`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::app::keys;
use crate::wiring;

#[derive(Subcommand)]
pub enum Command {
    /// Create the key file; an existing one is never overwritten
    Generate {
        /// Delete the passwords and tokens that only the old key can open, because the old key is lost
        #[arg(long)]
        forget_passwords: bool,
    },
    /// Seal every password and token with a new key, and remove the old key
    Rotate,
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let location = wiring::key_location(&context.config, &context.store);
    let file = || location.key_file_path().map(|path| path.display().to_string()).unwrap_or_default();
    match command {
        Command::Generate { forget_passwords } => {
            let (vault, forgotten) = keys::generate(context.acting(), &location, forget_passwords).await?;
            if let Some(count) = forgotten {
                context.output.message(&format!(
                    "Forgot {count} stored secrets. Give each mailbox its password or consent again: \
                     mailferry mailbox set ADDRESS --password-stdin, or mailferry oauth connect ADDRESS"
                ))?;
            }
            let line = json!({ "file": file(), "key": vault.sealing_key_id() });
            context.output.object(&line, || {
                format!("Created {}. Keep a copy of it apart from the backup of the database.", file())
            })?;
        }
        Command::Rotate => {
            context.vault().await?; // creates the first key if there is none
            let deps = context.deps().await?.tokens();
            let (vault, count) = keys::rotate(context.acting(), &location, &deps).await?;
            let line = json!({ "file": file(), "key": vault.sealing_key_id(), "resealed": count });
            context
                .output
                .object(&line, || format!("Sealed {count} secrets with a new key in {}. Keep a copy of it.", file()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
