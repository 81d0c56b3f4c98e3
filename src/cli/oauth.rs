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
use crate::locale::Language;
use crate::oauth::GrantError;
use crate::oauth::grant::{self, Lock};
use crate::poll::Deps;
use crate::store::{GrantKey, GrantKind, Login, Mailbox};

pub use status::{View as GrantView, views as grant_views};

#[derive(Subcommand)]
pub enum Command {
    /// Have a person consent, in a browser, to Mailferry reading a mailbox
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
    /// Print the PowerShell lines that let the application open mailboxes by itself (for Exchange's admin)
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
    deps.close().await;
    done
}

/// `oauth revoke`
async fn revoke(address: &Address, deps: &Deps, output: super::Output) -> Result<ExitCode, Failure> {
    let mailbox = deps.store.mailbox(address).await?;
    let (grant_id, key) = match mailbox.login {
        Login::OAuth { key, .. } if key.kind == GrantKind::AppOnly => {
            return Err(Failure::usage(format!(
                "{address} is opened by the application itself, so there is no consent to give up. An administrator takes the \
                 right away with Remove-MailboxPermission; to stop polling: mailferry mailbox pause {address}"
            )));
        }
        Login::OAuth { grant_id, key } => (grant_id, key),
        Login::Password(_) => {
            return Err(Failure::usage(format!("{address} is opened with a password; there is no consent to give up")));
        }
    };
    let told = give_up(grant_id, deps).await?;
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(&grant_id).unwrap_or_default();
    let line = json!({
        "provider": key.provider, "identity": key.identity, "mailboxes": mailboxes,
        "revoked_at_provider": told.at_provider, "detail": told.detail,
    });
    output.one(&line, || format!("Forgot the tokens for {}. {}", mailboxes.join(", "), told.detail))?;
    Ok(ExitCode::SUCCESS)
}

/// What became of a consent at its provider.
pub struct GivenUp {
    /// Whether its provider has ended it.
    pub at_provider: bool,
    /// In words.
    pub detail: String,
}

/// Gives a grant's tokens up at its provider and forgets them here.
pub async fn give_up(grant_id: i64, deps: &Deps) -> Result<GivenUp, Failure> {
    let lock = take(grant_id, deps).await?;
    let told = at_provider(&lock, deps).await;
    let forgotten = deps.store.forget_tokens(grant_id).await;
    lock.release(&deps.tokens()).await;
    forgotten?;
    Ok(told)
}

/// No renewal is under way while it is held, whose new token would be left behind.
async fn take(grant_id: i64, deps: &Deps) -> Result<Lock, Failure> {
    Lock::take(grant_id, &deps.tokens()).await.map_err(|error| Failure::failed(error.to_string()))
}

/// The consent of a mailbox that no other mailbox is opened with, to be given up once the mailbox needs it no more. `Err`: why
/// it stays.
pub async fn last_consent(mailbox: &Mailbox, deps: &Deps) -> Result<Option<Result<Lock, String>>, Failure> {
    let Login::OAuth { grant_id, .. } = mailbox.login else { return Ok(None) };
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(&grant_id).unwrap_or_default();
    if mailboxes.iter().any(|other| *other != mailbox.address) {
        return Ok(Some(Err("Its consent stays, since other mailboxes are opened with it.".to_owned())));
    }
    take(grant_id, deps).await.map(|lock| Some(Ok(lock)))
}

/// Gives it up at its provider, as far as that lets us. What it does not do by itself is said.
pub async fn at_provider(lock: &Lock, deps: &Deps) -> GivenUp {
    let GrantKey { provider, kind, identity } = &lock.grant.key;
    let by_hand = match deps.oauth.providers.get(provider).map(|app| app.family()) {
        Some("microsoft") => format!(
            "{identity} can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with \
             Remove-MgOauth2PermissionGrant"
        ),
        _ => "end it there by hand".to_owned(),
    };
    let (at_provider, detail) = match grant::revoke(&lock.grant, &deps.tokens()).await {
        _ if *kind == GrantKind::AppOnly => (
            false,
            "The application keeps its right until an administrator takes it away (Exchange: Remove-MailboxPermission)."
                .to_owned(),
        ),
        Ok(true) => (true, format!("{provider} has ended the consent of {identity}.")),
        Ok(false) if lock.grant.refresh_sealed.is_none() => (false, format!("{identity} had not consented.")),
        Ok(false) => (false, format!("{provider} has no way to end a consent from here: {by_hand}.")),
        Err(error) => {
            let why = match error {
                GrantError::Token(error) => error.trouble.sentence(Language::English),
                GrantError::Store(error) => error.to_string(),
            };
            (false, format!("At {provider} the consent could not be ended ({why}): {by_hand}."))
        }
    };
    GivenUp { at_provider, detail }
}
