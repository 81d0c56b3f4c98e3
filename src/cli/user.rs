//! `mailferry user`: the people who may sign in to the pages.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::json;

use super::{Context, Failure, secret};
use crate::app::organisations::Owner;
use crate::app::{any, people};
use crate::fact::AuditEvent;
use crate::locale::Language;
use crate::password;
use crate::store::{Person, Role, Scope};

#[derive(Subcommand)]
pub enum Command {
    /// Add a user
    #[command(
        override_usage = "mailferry user add <NAME> --role <ROLE> (--password-stdin | --password-file <FILE>) [OPTIONS]"
    )]
    Add {
        /// The name to sign in with, e.g. a mail address
        name: String,
        /// Role: what the user may do
        #[arg(long, value_enum)]
        role: Role,
        /// Organisation of an admin or viewer; a new name creates a new organisation [default: default]
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// List the users
    List,
    /// Remove a user and end all sessions of that user
    Remove {
        /// Name of the user
        name: String,
    },
    /// Set the password of a user and end all sessions of that user
    #[command(override_usage = "mailferry user passwd <NAME> (--password-stdin | --password-file <FILE>)")]
    Passwd {
        /// Name of the user
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

#[derive(Args)]
pub struct PasswordArgs {
    /// Read the password from standard input
    #[arg(long, required_unless_present = "password_file", conflicts_with = "password_file")]
    password_stdin: bool,
    /// Read the password from this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    async fn hash(&self) -> Result<String, Failure> {
        let password: SecretString = secret::read(self.password_file.as_deref(), self.password_stdin)?
            .ok_or_else(|| Failure::usage("give the password with --password-stdin or --password-file"))?;
        if let Some(weak) = password::weakness(&password) {
            return Err(Failure::usage(crate::locale::text(crate::locale::Language::English, weak)));
        }
        password::hash(password).await.map_err(Failure::failed)
    }
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (store, output) = (&context.store, context.output);
    match command {
        Command::Add { name, role, organisation, password } => {
            if role == Role::Operator && organisation.is_some() {
                return Err(Failure::usage("an operator belongs to no organisation"));
            }
            let owner = Owner::NamedOrNew(organisation.unwrap_or_else(|| "default".to_owned()));
            let hash = password.hash().await?;
            let person = people::add(context.acting(), &name, role, &owner, &hash).await?;
            let line = json!({
                "name": person.name, "role": role, "organisation": person.organisation, "added": true,
            });
            output.object(&line, || match &person.organisation {
                Some(organisation) => format!("Added {role} {} of {organisation}", person.name),
                None => format!("Added {role} {}", person.name),
            })?;
        }
        Command::List => {
            let lines: Vec<_> = store.people(Scope::All).await?.into_iter().map(to_json).collect();
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            let cells = |line: &serde_json::Value| {
                ["name", "role", "organisation", "last_login_at"]
                    .map(|key| text(line.get(key).unwrap_or(&json!(null))))
                    .to_vec()
            };
            output.rows(
                &lines,
                &["NAME", "ROLE", "ORGANISATION", "LAST LOGIN"],
                cells,
                "No users yet. Add one: mailferry user add --help",
            )?;
        }
        Command::Remove { name } => {
            let person = people::find(context.acting(), &name).await?;
            let tokens = people::remove(context.acting(), &name, any).await?;
            let detail = AuditEvent::PersonRemoved { tokens }.detail(Language::English);
            output.object(&json!({ "name": person.name, "removed": true }), || {
                let detail = if detail.is_empty() { String::new() } else { format!("; {detail}") };
                format!("Removed {}{detail}", person.name)
            })?;
        }
        Command::Passwd { name, password } => {
            people::find(context.acting(), &name).await?; // fail before reading a password
            let person = people::reset_password(context.acting(), &name, &password.hash().await?).await?;
            output.object(&json!({ "name": person.name, "changed": true }), || {
                format!("Changed the password of {}, who is signed out everywhere", person.name)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(person: Person) -> serde_json::Value {
    json!({
        "name": person.name, "role": person.role, "organisation": person.organisation, "last_login_at": person.last_login_at,
    })
}
