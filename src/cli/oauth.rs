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
use crate::app::{Acting, Actor, Error, consents};
use crate::fact::{Conflict, Fact};
use crate::locale::Language;
use crate::poll::Deps;
use crate::store::Login;

pub use status::{GrantView, views as grant_views};

#[derive(Subcommand)]
pub enum Command {
    /// Ask a person to consent in a browser to Mailferry reading a mailbox
    Connect {
        /// Address of the mailbox
        address: Address,
        /// Print a code to enter in a browser on any machine, and wait for it (Microsoft)
        #[arg(long)]
        device: bool,
    },
    /// List the consents, their status, and when the consents and the client secrets expire
    Status,
    /// Revoke the consent of a mailbox, here and at its provider
    Revoke {
        /// Address of the mailbox
        address: Address,
    },
    /// Print the PowerShell commands, for an Exchange administrator, that give the application access to mailboxes
    AppOnly(app_only::Args),
}

pub async fn run(command: Command, context: Context) -> Result<ExitCode, Failure> {
    let language = context.language;
    let (deps, config, output) = context.into_deps().await?;
    let result = match command {
        Command::Connect { address, device } => {
            let session = connect::Session { deps: &deps, output, language, port: config.oauth.loopback_port };
            session.connect(&address, device).await
        }
        Command::Status => status::list(&deps, output, language).await,
        Command::Revoke { address } => revoke(&address, &deps, output).await,
        Command::AppOnly(args) => app_only::print(&args, &deps, output, language).await,
    };
    deps.close().await;
    result
}

/// `oauth revoke`
async fn revoke(address: &Address, deps: &Deps, output: super::Output) -> Result<ExitCode, Failure> {
    let mailbox = deps.store.mailbox(address).await?;
    let acting = Acting { actor: &Actor::CommandLine, store: &deps.store, now: deps.clock.now() };
    let revocation = consents::revoke(acting, &mailbox, &deps.tokens()).await.map_err(|error| match error {
        Error::Conflict(Conflict::AppOnlyHasNoConsent) => Failure::usage(format!(
            "{address} is read with the application's own right, so there is no consent to revoke. An administrator removes the \
             right with Remove-MailboxPermission; to stop polling: mailferry mailbox pause {address}"
        )),
        Error::Conflict(Conflict::PasswordHasNoConsent) => {
            Failure::usage(format!("{address} is opened with a password, so there is no consent to revoke"))
        }
        error => error.into(),
    })?;
    let Login::OAuth { grant_id, key } = &mailbox.login else { return Ok(ExitCode::SUCCESS) };
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(grant_id).unwrap_or_default();
    let detail = revocation.words(Language::English);
    let line = json!({
        "provider": key.provider, "identity": key.identity, "mailboxes": mailboxes,
        "revoked_at_provider": revocation.at_provider(), "detail": detail,
    });
    output.object(&line, || format!("Deleted the tokens of {}. {detail}", mailboxes.join(", ")))?;
    Ok(ExitCode::SUCCESS)
}
