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
use crate::app::mailboxes::{self, MovedLogin, Request, ChangeDeps};
use crate::config::Span;
use crate::fact::{Fact, GivenUp};
use crate::locale::Language;
use crate::mailbox;
use crate::poll::Deps;
use crate::store::{Changes, GrantKind, Login, NewLogin, NewMailbox};

use login::LoginArgs;
use settings::Settings;

#[derive(Subcommand)]
pub enum Command {
    /// Add a mailbox; nothing is connected to yet, `mailbox check` does that
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
        settings: Box<Settings>,
    },
    /// Find the mail server of an address and how one logs in there; nothing is stored
    Discover {
        /// The customer's address
        address: Address,
    },
    /// List the mailboxes and how they fare
    List,
    /// Show a mailbox
    Show {
        /// Its address
        address: Address,
    },
    /// Change a mailbox; what is not named stays
    Set {
        /// Its address
        address: Address,
        #[command(flatten)]
        login: LoginArgs,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Stop polling a mailbox
    Pause {
        /// Its address
        address: Address,
    },
    /// Poll a paused mailbox again
    Resume {
        /// Its address
        address: Address,
    },
    /// Remove a mailbox with its password or consent and its ledger; imported mail stays in its inbox
    Remove {
        /// Its address
        address: Address,
    },
    /// Log in read-only, say of each step how it went, and find the cause of what fails
    Check {
        /// Its address
        address: Address,
        /// Open the folders as a poll does, and not read-only, to learn which flags they keep; no mail is changed
        #[arg(long)]
        as_polled: bool,
    },
    /// Tell what a poll would import now and where it would go; nothing is imported, and nothing is changed
    DryRun {
        /// Its address; it may be paused
        address: Address,
        /// How long to look at most; then the result says that it is a part [default: 60s]
        #[arg(long, value_name = "TIME")]
        within: Option<Span>,
    },
    /// List the folders that can be polled, with their mails
    Folders {
        /// Its address; it may be paused
        address: Address,
    },
    /// Say what can happen to the customer's copy on this server, without changing one
    Effects {
        /// Its address; it may be paused
        address: Address,
        /// The folder [default: the first that is polled]
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
    },
    /// Poll now, compare every UID on the server with the ledger, and import what was left out
    Verify {
        /// Its address
        address: Address,
    },
}

pub async fn run(command: Command, context: Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Verify { address } => verify::run(&address, context).await,
        other => context.closing(async |context| keep(other, context).await).await,
    }
}

async fn keep(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let output = context.output;
    match command {
        Command::Verify { .. } => {} // it ends with the database closed, by itself
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
            let added = show::View::of(&mailbox, context).await?;
            output.one(&added, || format!("Added mailbox {address}{next}"))?;
        }
        Command::List => show::list(context).await?,
        Command::Show { address } => show::one(&address, context).await?,
        Command::Set { address, login, settings } => set(&address, &login, &settings, context).await?,
        Command::Pause { address } => {
            mailboxes::pause(context.acting(), &address, true).await?;
            output.say(&format!("{address} is paused"))?;
        }
        Command::Resume { address } => {
            mailboxes::pause(context.acting(), &address, false).await?;
            output.say(&format!("{address} is polled again"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Changes a mailbox; what is not named stays.
async fn set(address: &Address, login: &LoginArgs, settings: &Settings, context: &Context) -> Result<(), Failure> {
    let store = &context.store;
    let before = store.mailbox(address).await?;
    let login = login.changed(&before.login, address, &context.config.oauth)?;
    if login.is_none() && settings.is_empty() {
        return Err(Failure::usage("nothing to change; see `mailferry mailbox set --help`"));
    }
    let next = login.as_ref().map(|login| format!(". {}", next_step(login, address))).unwrap_or_default();
    let is_named = login.is_some() || settings.username.is_some();
    let changes = Changes {
        inbox: settings.inbox.clone(),
        server: settings.changed_server(&before.server)?,
        username: settings.username.clone(),
        login,
        given_for: None,
        login_goes_along: true,
        // Whoever runs the command line says whom a consent is for.
        asks_consent: is_named.then_some(false),
        by_link: None,
        settings: settings.change(store.least_interval())?,
    };
    let deps = match &changes.login {
        Some(_) => Some(context.deps().await?),
        None => None, // no key is needed
    };
    let change_deps = deps.as_ref().map(|deps| ChangeDeps { deps, ports: &[] });
    let request = Request { before: &before, changes, moved_login: MovedLogin::GivenAnew };
    let changed = mailboxes::change(context.acting(), request, change_deps, any).await?;
    let given_up = changed.given_up.map(|told| format!(". {}", told.words(Language::English)));
    let given_up = given_up.unwrap_or_default();
    let changed = show::View::of(&changed.mailbox, context).await?;
    context.output.one(&changed, || format!("Changed mailbox {address}{given_up}{next}"))?;
    Ok(())
}

/// What the admin does next.
fn next_step(login: &NewLogin, address: &Address) -> String {
    match login {
        NewLogin::OAuth(key) if key.kind == GrantKind::Delegated => {
            format!("Now {} must consent: mailferry oauth connect {address}", key.identity)
        }
        _ => format!("Check that it can be reached: mailferry mailbox check {address}"),
    }
}

fn new_mailbox(
    address: Address,
    login: &LoginArgs,
    settings: &Settings,
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
        asks_consent: false,
        setup: false,
        settings: settings.change(context.store.least_interval())?.on(&mailbox::Settings::default()),
        address,
    })
}

/// Removes a mailbox, and gives up a consent that no other mailbox is opened with, so that none is left behind unseen.
async fn remove(address: &Address, context: &Context) -> Result<(), Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let deps = match mailbox.login {
        Login::OAuth { .. } => Some(context.deps().await?),
        Login::Password(_) => None, // it needs no key to be forgotten
    };
    let tokens = deps.as_ref().map(Deps::tokens);
    let given_up = mailboxes::remove(context.acting(), &mailbox, tokens.as_ref(), any).await?;
    let revoked = given_up.as_ref().map(GivenUp::at_provider);
    let detail = given_up.map(|told| told.words(Language::English));
    let line = json!({ "removed": true, "mailbox": address, "revoked_at_provider": revoked, "detail": detail });
    context.output.one(&line, || {
        let with = if detail.is_some() { "" } else { " and its password" };
        let told = detail.as_ref().map(|detail| format!(". {detail}")).unwrap_or_default();
        format!("Removed mailbox {address}{with}; imported mail stays in its inbox{told}")
    })?;
    Ok(())
}

/// Reads a file with certificates.
fn read_pem(path: &Path) -> Result<String, Failure> {
    let pem = std::fs::read_to_string(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    crate::tls::check_authorities(&pem).map_err(|what| Failure::usage(format!("{}: {what}", path.display())))?;
    Ok(pem)
}
