//! `mailferry mailbox`

mod check;
mod discover;
mod dry_run;
mod login;
mod offers;
mod settings;
mod show;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::address::Address;
use crate::app::any;
use crate::app::mailboxes::{self, ChangeDeps, Request, StoredLogin};
use crate::config::Span;
use crate::fact::{Fact, RevocationOutcome};
use crate::locale::Language;
use crate::mailbox;
use crate::poll::Deps;
use crate::store::{Changes, GrantKind, Login, NewLogin, NewMailbox};

use login::LoginArgs;
use settings::SettingsArgs;

#[derive(Subcommand)]
pub enum Command {
    /// Add a mailbox without connecting to it; check the connection with `mailbox check`
    #[command(
        override_usage = "mailferry mailbox add <ADDRESS> --inbox <ADDRESS> --host <HOST> (--password-file <FILE> | \
                          --password-stdin) [OPTIONS]\n       mailferry mailbox add <ADDRESS> --inbox <ADDRESS> --oauth \
                          <PROVIDER> [--app-only] [--login-identity <ADDRESS>] [OPTIONS]"
    )]
    Add {
        /// The customer's address, e.g. jobb@lillestad.se
        address: Address,
        #[command(flatten)]
        login: LoginArgs,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
    /// Find the mail server of an address and how to log in to it; nothing is stored
    Discover {
        /// The customer's address
        address: Address,
    },
    /// List the mailboxes and their status
    List,
    /// Show a mailbox
    Show {
        /// Address of the mailbox
        address: Address,
    },
    /// Change a mailbox; options that are not given keep their values
    Set {
        /// Address of the mailbox
        address: Address,
        #[command(flatten)]
        login: LoginArgs,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
    /// Stop polling a mailbox
    Pause {
        /// Address of the mailbox
        address: Address,
    },
    /// Resume polling a paused mailbox
    Resume {
        /// Address of the mailbox
        address: Address,
    },
    /// Remove a mailbox with its password or consent and its ledger; imported mail stays in its inbox
    Remove {
        /// Address of the mailbox
        address: Address,
    },
    /// Log in read-only, report each step, and find the cause of a failure
    Check {
        /// Address of the mailbox
        address: Address,
        /// Open the folders as a poll does, instead of read-only, to find out which flags they store; no mail is changed
        #[arg(long)]
        as_polled: bool,
    },
    /// Report what a poll would import now and into which inboxes; nothing is imported or changed
    DryRun {
        /// Address of the mailbox, which may be paused
        address: Address,
        /// Maximum time; a run that reaches it reports a partial result [default: 60s]
        #[arg(long, value_name = "TIME")]
        within: Option<Span>,
    },
    /// List the folders and the number of mails in each
    Folders {
        /// Address of the mailbox, which may be paused
        address: Address,
    },
    /// List the after-import actions that the server supports; no mail is changed
    Effects {
        /// Address of the mailbox, which may be paused
        address: Address,
        /// Folder to check [default: the first polled folder]
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
    },
    /// Poll now, compare every UID on the server with the ledger, and import missing mail
    Verify {
        /// Address of the mailbox
        address: Address,
    },
}

pub async fn run(command: Command, context: Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Verify { address } => verify::run(&address, context).await,
        other => context.run_and_close(async |context| run_with(other, context).await).await,
    }
}

async fn run_with(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let output = context.output;
    match command {
        Command::Verify { .. } => {} // runs without `run_and_close`: it closes the database itself
        Command::Check { address, as_polled } => return check::run(&address, as_polled, context).await,
        Command::DryRun { address, within } => {
            return dry_run::run(&address, within.map(|within| within.0), context).await;
        }
        Command::Discover { address } => discover::run(&address, context).await?,
        Command::Folders { address } => offers::list(&address, context).await?,
        Command::Effects { address, folder } => offers::effects(&address, folder, context).await?,
        Command::Remove { address } => remove(&address, context).await?,
        Command::Add { address, login, settings } => {
            let new = new_mailbox(address.clone(), &login, &settings, context)?;
            let next = new.login.as_ref().map(|login| format!(". {}", next_step(login, &address))).unwrap_or_default();
            let vault = context.vault().await?;
            let mailbox = mailboxes::add(context.acting(), new.into(), &vault, None).await?;
            let added = show::MailboxView::load(&mailbox, context).await?;
            output.object(&added, || format!("Added mailbox {address}{next}"))?;
        }
        Command::List => show::list(context).await?,
        Command::Show { address } => show::show(&address, context).await?,
        Command::Set { address, login, settings } => set(&address, &login, &settings, context).await?,
        Command::Pause { address } => {
            mailboxes::pause(context.acting(), &address, true).await?;
            output.message(&format!("{address} is paused"))?;
        }
        Command::Resume { address } => {
            mailboxes::pause(context.acting(), &address, false).await?;
            output.message(&format!("{address} is polled again"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Changes a mailbox. Options that are not given keep their values.
async fn set(address: &Address, login: &LoginArgs, settings: &SettingsArgs, context: &Context) -> Result<(), Failure> {
    let store = &context.store;
    let before = store.mailbox(address).await?;
    let login = login.change(&before.login, address, &context.config.oauth)?;
    if login.is_none() && settings.is_empty() {
        return Err(Failure::usage("nothing to change; see `mailferry mailbox set --help`"));
    }
    let next = login.as_ref().map(|login| format!(". {}", next_step(login, address))).unwrap_or_default();
    let names_account = login.is_some() || settings.username.is_some();
    let changes = Changes {
        inbox: settings.inbox.clone(),
        server: settings.changed_server(&before.server)?,
        username: settings.username.clone(),
        login,
        expected_account: None,
        keeps_login: true,
        // On the command line the operator names the account that consents.
        needs_consent: names_account.then_some(false),
        by_link: None,
        settings: settings.change(store.least_interval())?,
    };
    let deps = match &changes.login {
        Some(_) => Some(context.deps().await?),
        None => None, // no key is needed
    };
    let deps_for_change = deps.as_ref().map(|deps| ChangeDeps { deps, ports: &[] });
    let request = Request { before: &before, changes, stored_login: StoredLogin::MustBeReplaced };
    let changed = mailboxes::change(context.acting(), request, deps_for_change, any).await?;
    let revocation = changed.revocation.map(|outcome| format!(". {}", outcome.words(Language::English)));
    let revocation = revocation.unwrap_or_default();
    let changed = show::MailboxView::load(&changed.mailbox, context).await?;
    context.output.object(&changed, || format!("Changed mailbox {address}{revocation}{next}"))?;
    Ok(())
}

/// The sentence that tells the admin which command to run next.
fn next_step(login: &NewLogin, address: &Address) -> String {
    match login {
        NewLogin::OAuth(key) if key.kind == GrantKind::Delegated => {
            format!("{} must consent next: mailferry oauth connect {address}", key.identity)
        }
        _ => format!("Check the connection: mailferry mailbox check {address}"),
    }
}

fn new_mailbox(
    address: Address,
    login: &LoginArgs,
    settings: &SettingsArgs,
    context: &Context,
) -> Result<NewMailbox, Failure> {
    let oauth = &context.config.oauth;
    login.check()?;
    let host = login.imap_host(oauth)?;
    let mut missing = Vec::new();
    if settings.inbox.is_none() {
        missing.push("--inbox");
    }
    if settings.host.is_none() && host.is_none() {
        missing.push(match login.is_given() && !login.is_by_password() {
            true => "--host (the provider's imap_host is empty)",
            false => "--host",
        });
    }
    if !login.is_given() {
        missing.push("--password-file, --password-stdin or --oauth");
    }
    let need = || Failure::usage(format!("missing: {}; see `mailferry mailbox add --help`", missing.join(", ")));
    if !missing.is_empty() {
        return Err(need());
    }
    let inbox = settings.inbox.clone().ok_or_else(need)?;
    let server = settings.new_server(host)?.ok_or_else(need)?;
    let login = login.new_login(&address, oauth)?.ok_or_else(need)?;
    Ok(NewMailbox {
        username: settings.username.clone().unwrap_or_else(|| address.to_string()),
        inbox,
        server,
        login: Some(login),
        needs_consent: false,
        setup: false,
        settings: settings.change(context.store.least_interval())?.apply_to(&mailbox::Settings::default()),
        address,
    })
}

/// Removes a mailbox, and revokes its consent unless another mailbox uses it: no unused consent is left at the provider.
async fn remove(address: &Address, context: &Context) -> Result<(), Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let deps = match mailbox.login {
        Login::OAuth { .. } => Some(context.deps().await?),
        Login::Password(_) => None, // no key is needed to delete a password
    };
    let tokens = deps.as_ref().map(Deps::tokens);
    let revocation = mailboxes::remove(context.acting(), &mailbox, tokens.as_ref(), any).await?;
    let revoked = revocation.as_ref().map(RevocationOutcome::at_provider);
    let detail = revocation.map(|outcome| outcome.words(Language::English));
    let line = json!({ "removed": true, "mailbox": address, "revoked_at_provider": revoked, "detail": detail });
    context.output.object(&line, || {
        let with_password = if detail.is_some() { "" } else { " and its password" };
        let consent = detail.as_ref().map(|detail| format!(". {detail}")).unwrap_or_default();
        format!("Removed mailbox {address}{with_password}; imported mail stays in its inbox{consent}")
    })?;
    Ok(())
}

/// Reads and checks a PEM file with certificate authorities.
fn read_pem(path: &Path) -> Result<String, Failure> {
    let pem = std::fs::read_to_string(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    crate::tls::check_authorities(&pem).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
    Ok(pem)
}
