//! `mailferry oauth`

mod app_only;
mod callback;
mod connect;
mod status;

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::address::Address;
use crate::oauth::{GrantError, grant};
use crate::poll::Deps;
use crate::store::{Grant, Login};

pub use status::{View as GrantView, views as grant_views};

#[derive(Subcommand)]
pub enum Command {
    /// Have a person consent to a mailbox being opened: prints a link and waits until they are back
    Connect {
        /// The mailbox's address
        address: Address,
        /// Print a code to be entered in a browser on any machine, and wait (Microsoft)
        #[arg(long)]
        device: bool,
    },
    /// Show every consent: whether it gives tokens, and what will end when
    Status,
    /// Give a mailbox's consent up, here and at its provider
    Revoke {
        /// The mailbox's address
        address: Address,
    },
    /// Print the PowerShell lines with which Exchange's admin gives the application itself the right to mailboxes
    AppOnly(app_only::Args),
}

pub async fn run(command: Command, context: Context) -> Result<ExitCode, Failure> {
    let language = context.language;
    let (deps, config, output) = context.into_deps().await?;
    let done = match command {
        Command::Connect { address, device } => {
            let session = connect::Session { deps: &deps, output, language, port: config.oauth.loopback_port };
            session.connect(&address, device).await
        }
        Command::Status => status::list(&deps, output, language).await,
        Command::Revoke { address } => revoke(&address, &deps, output).await,
        Command::AppOnly(args) => app_only::print(&args, &deps, output, language).await,
    };
    deps.store.close().await;
    done
}

/// `oauth revoke`
async fn revoke(address: &Address, deps: &Deps, output: super::Output) -> Result<ExitCode, Failure> {
    let mailbox = deps.store.mailbox(address).await?;
    let Login::OAuth { grant_id, .. } = mailbox.login else {
        return Err(Failure::usage(format!("{address} is opened with a password; there is no consent to give up")));
    };
    let grant = deps.store.grant(grant_id).await?;
    let told = give_up(&grant, deps).await;
    deps.store.forget_tokens(grant_id).await?;
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(&grant_id).unwrap_or_default();
    let line = json!({
        "provider": grant.key.provider, "identity": grant.key.identity, "mailboxes": mailboxes,
        "revoked_at_provider": told.at_provider, "detail": told.detail,
    });
    output.one(&line, || format!("Forgot the tokens for {}. {}", mailboxes.join(", "), told.detail))?;
    Ok(ExitCode::SUCCESS)
}

/// What became of a consent at its provider.
pub struct GivenUp {
    at_provider: bool,
    /// In words.
    pub detail: String,
}

/// Gives a grant's tokens up at its provider, as far as it lets us. What it does not do by itself is said.
pub async fn give_up(grant: &Grant, deps: &Deps) -> GivenUp {
    let (at_provider, detail) = match grant::revoke(grant, &deps.tokens()).await {
        Ok(true) => (true, format!("{} has ended the consent.", grant.key.provider)),
        Ok(false) if grant.refresh_sealed.is_none() => (false, "There was no token to give up.".to_owned()),
        Ok(false) => (
            false,
            format!(
                "{} has no way to end a consent from here: {} does so at https://myapps.microsoft.com, or an administrator with \
                 Revoke-MgUserSignInSession -UserId {}.",
                grant.key.provider, grant.key.identity, grant.key.identity
            ),
        ),
        Err(GrantError::Token(error)) => {
            (false, format!("At {} it could not be ended, so end it there by hand: {error}", grant.key.provider))
        }
        Err(GrantError::Store(error)) => (false, format!("At {} it could not be ended: {error}", grant.key.provider)),
    };
    GivenUp { at_provider, detail }
}
