//! `mailferry mailbox`

mod settings;
mod show;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Context, Failure, secret};
use crate::address::Address;
use crate::mailbox::{AfterImport, Start};
use crate::poll::check;
use crate::store::{Changes, NewMailbox};

use settings::Settings;

#[derive(Subcommand)]
pub enum Command {
    /// Add a mailbox; nothing is connected to yet, `mailbox check` does that
    #[command(
        override_usage = "mailferry mailbox add <ADDRESS> --inbox <ADDRESS> --host <HOST> (--password-file <FILE> | \
                          --password-stdin) [OPTIONS]"
    )]
    Add {
        /// The customer's address, e.g. jobb@lillestad.se
        address: Address,
        #[command(flatten)]
        password: Password,
        #[command(flatten)]
        settings: Box<Settings>,
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
        password: Password,
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
    /// Remove a mailbox with its password and its ledger; imported mail stays in its inbox
    Remove {
        /// Its address
        address: Address,
    },
    /// Log in read-only and say of each step how it went
    Check {
        /// Its address
        address: Address,
        /// Open the folders as a poll does, and not read-only, to learn which flags they keep; no mail is changed
        #[arg(long)]
        as_polled: bool,
    },
    /// Poll now, compare every UID on the server with the ledger, and import what was left out
    Verify {
        /// Its address
        address: Address,
    },
}

/// Where the password comes from: never an argument.
#[derive(Args)]
#[group(multiple = false)]
pub struct Password {
    /// Read the password from this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
}

impl Password {
    fn read(&self) -> Result<Option<secrecy::SecretString>, Failure> {
        secret::read(self.password_file.as_deref(), self.password_stdin)
    }
}

pub async fn run(command: Command, context: Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { address, as_polled } => run_check(&address, as_polled, context).await,
        Command::Verify { address } => verify::run(&address, context).await,
        other => context.closing(async |context| keep(other, context).await).await,
    }
}

async fn keep(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (store, output) = (&context.store, context.output);
    match command {
        Command::Check { .. } | Command::Verify { .. } => {}
        Command::Add { address, password, settings } => {
            let new = new_mailbox(address.clone(), &password, &settings)?;
            not_into_itself(&new.after_import, &new.folders)?;
            store.add_mailbox(&new, &context.vault().await?, Context::now()).await?;
            let added = show::View::of(&store.mailbox(&address).await?, store, Context::now()).await?;
            output.one(&added, || {
                format!("Added mailbox {address}. Check that it can be reached: mailferry mailbox check {address}")
            })?;
        }
        Command::List => show::list(store, output).await?,
        Command::Show { address } => show::one(&address, store, output).await?,
        Command::Set { address, password, settings } => {
            let before = store.mailbox(&address).await?;
            let password = password.read()?;
            if password.is_none() && settings.is_empty() {
                return Err(Failure::usage("nothing to change; see `mailferry mailbox set --help`"));
            }
            let vault = if password.is_some() { Some(context.vault().await?) } else { None };
            let changes = Changes {
                inbox: settings.inbox.clone(),
                server: settings.changed_server(&before.server)?,
                username: settings.username.clone(),
                password,
                folders: settings.folders()?,
                start: settings.start,
                after_import: settings.after_import.clone(),
                interval_ms: settings.interval_ms(),
                max_size: settings.max_size.map(|size| size.0),
            };
            not_into_itself(
                changes.after_import.as_ref().unwrap_or(&before.after_import),
                changes.folders.as_ref().unwrap_or(&before.folders),
            )?;
            store.change_mailbox(&address, &changes, vault.as_ref(), Context::now()).await?;
            let changed = show::View::of(&store.mailbox(&address).await?, store, Context::now()).await?;
            output.one(&changed, || format!("Changed mailbox {address}"))?;
        }
        Command::Pause { address } => {
            store.pause_mailbox(&address, true, Context::now()).await?;
            output.say(&format!("{address} is paused"))?;
        }
        Command::Resume { address } => {
            store.pause_mailbox(&address, false, Context::now()).await?;
            output.say(&format!("{address} is polled again"))?;
        }
        Command::Remove { address } => {
            store.remove_mailbox(&address).await?;
            output.say(&format!("Removed mailbox {address} and its password; imported mail stays in its inbox"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A mail that is moved into a folder that is polled would come in from there again.
fn not_into_itself(after_import: &AfterImport, folders: &[String]) -> Result<(), Failure> {
    match after_import {
        AfterImport::Move(target) if folders.contains(target) => {
            Err(Failure::usage(format!("move:{target}: this folder is polled itself; choose another")))
        }
        _ => Ok(()),
    }
}

fn new_mailbox(address: Address, password: &Password, settings: &Settings) -> Result<NewMailbox, Failure> {
    let mut missing = Vec::new();
    if settings.inbox.is_none() {
        missing.push("--inbox");
    }
    if settings.host.is_none() {
        missing.push("--host");
    }
    if password.password_file.is_none() && !password.password_stdin {
        missing.push("--password-file or --password-stdin");
    }
    let need = || Failure::usage(format!("missing: {}; see `mailferry mailbox add --help`", missing.join(", ")));
    let inbox = settings.inbox.clone().ok_or_else(need)?;
    let server = settings.new_server().ok_or_else(need)??;
    let password = password.read()?.ok_or_else(need)?;
    Ok(NewMailbox {
        username: settings.username.clone().unwrap_or_else(|| address.to_string()),
        inbox,
        server,
        password,
        folders: settings.folders()?.unwrap_or_else(|| vec!["INBOX".to_owned()]),
        start: settings.start.unwrap_or(Start::Now),
        after_import: settings.after_import.clone().unwrap_or(AfterImport::Leave),
        interval_ms: settings.interval_ms().unwrap_or(60_000),
        max_size: settings.max_size.map_or(50_000_000, |size| size.0),
        address,
    })
}

async fn run_check(address: &Address, as_polled: bool, context: Context) -> Result<ExitCode, Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let (deps, _, output) = context.into_deps().await?;
    let mut all_well = true;
    let mut printed = Ok(());
    check::check(&mailbox, &deps, as_polled, &mut |line| {
        all_well &= line.ok;
        let words = || format!("{}  {}: {}", if line.ok { "ok    " } else { "FAILED" }, line.step, line.detail);
        if printed.is_ok() {
            printed = output.one(&line, words);
        }
    })
    .await;
    printed?;
    deps.store.close().await;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads a file with certificates.
fn read_pem(path: &Path) -> Result<String, Failure> {
    let pem = std::fs::read_to_string(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    crate::imap::tls::check_authorities(&pem).map_err(|what| Failure::usage(format!("{}: {what}", path.display())))?;
    Ok(pem)
}
