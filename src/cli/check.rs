//! `mailferry check`

use std::process::ExitCode;

use serde::Serialize;

use super::output::{Output, print};
use super::{Failure, app};
use crate::config::{self, Overrides};
use crate::store::StoreError;

#[derive(clap::Args)]
pub struct Args {
    /// Print every configuration key with its default instead
    #[arg(long)]
    defaults: bool,
}

#[derive(Serialize)]
struct Line {
    step: &'static str,
    ok: bool,
    detail: String,
}

pub async fn run(args: &Args, overrides: &Overrides, output: Output) -> Result<ExitCode, Failure> {
    if args.defaults {
        print(config::DEFAULTS)?;
        return Ok(ExitCode::SUCCESS);
    }
    let tell = |step, ok, detail: String| {
        let line = Line { step, ok, detail };
        output.one(&line, || format!("{}  {step}: {}", if ok { "ok    " } else { "WRONG " }, line.detail))
    };
    let config = match config::load(overrides) {
        Ok(config) => config,
        Err(problems) => {
            for problem in &problems {
                tell("configuration", false, problem.clone())?;
            }
            return Err(Failure::configuration(problems));
        }
    };
    tell("configuration", true, "every key is known and makes sense".to_owned())?;
    let store = match app::store(&config).await {
        Ok(store) => store,
        Err(error) => {
            let mend = "is the server running, and are name, user and password in database.url right?";
            let detail =
                if matches!(error, StoreError::Url(_)) { error.to_string() } else { format!("{error}; {mend}") };
            tell("database", false, detail)?;
            return Err(error.into());
        }
    };
    let place =
        store.sqlite_file().map_or_else(|| "PostgreSQL".to_owned(), |file| format!("SQLite, {}", file.display()));
    tell("database", true, format!("{place}, its schema is up to date"))?;
    let result = app::vault(&config, &store).await;
    let place = app::key_location(&config, &store);
    let place = place.file().map_or_else(|| "vault.key".to_owned(), |path| path.display().to_string());
    let checked = match result {
        Ok(vault) => {
            let key = vault.sealing_key().unwrap_or_default();
            tell("key", true, format!("{place}, key {key}, {} in all", vault.key_count()))?;
            open_all(&store, &vault).await
        }
        Err(error) => {
            tell("key", false, error.to_string())?;
            Err(error)
        }
    };
    store.close().await;
    match checked {
        Ok(count) => tell("passwords", true, format!("{count} stored, all of them open with the key"))?,
        Err(error) => {
            tell("passwords", false, error.to_string())?;
            return Err(error.into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens every stored password: a key that is there may still be the wrong one.
async fn open_all(store: &crate::store::Store, vault: &crate::vault::Vault) -> Result<usize, StoreError> {
    let mut count = 0;
    for mailbox in store.mailboxes().await? {
        if let Some(sealed) = &mailbox.password_sealed {
            vault.open(&crate::store::password_row(mailbox.id), sealed)?;
            count += 1;
        }
    }
    Ok(count)
}
