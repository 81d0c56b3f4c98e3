//! `mailferry token`: for programs that use the API.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::opaque;
use crate::store::{Scope, Token, TokenScope};

#[derive(Subcommand)]
pub enum Command {
    /// Make a token; it is printed once, and only its hash is kept
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// Whether it may change things
        #[arg(long, value_enum)]
        scope: TokenScope,
        /// Whose things it is for; a new name is a new organisation [default: everybody's]
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
    },
    /// List the tokens
    List,
    /// Take a token back, at once
    Revoke {
        /// Its name
        name: String,
    },
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (store, output, now) = (&context.store, context.output, Context::now());
    match command {
        Command::Create { name, scope, organisation } => {
            let organisation = match organisation {
                Some(name) => Some(store.organisation_named(&name, now).await?),
                None => None,
            };
            let token = opaque::new(opaque::TOKEN);
            let whose = organisation.as_ref().map(|organisation| organisation.id);
            store.add_token(&name, &opaque::hash(&token), scope, whose, "", now).await?;
            context.audit(whose, "token-created", &name, "").await?;
            let line = json!({
                "name": name, "scope": scope, "organisation": organisation.map(|organisation| organisation.name), "token": token,
            });
            output.one(&line, || token.clone())?;
        }
        Command::List => {
            let or = |at: Option<String>, none: &str| at.unwrap_or_else(|| none.to_owned());
            let cells = |token: &Token| {
                vec![
                    token.name.clone(),
                    token.scope.to_string(),
                    or(token.organisation.clone(), "all"),
                    token.created_at.to_string(),
                    or(token.last_used_at.map(|at| at.to_string()), "never"),
                ]
            };
            let headings = ["NAME", "SCOPE", "ORGANISATION", "MADE", "LAST USED"];
            output.rows(
                &store.tokens(Scope::All).await?,
                &headings,
                cells,
                "No tokens. Make one: mailferry token create --help",
            )?;
        }
        Command::Revoke { name } => {
            let whose = store.token(&name, Scope::All).await.ok().and_then(|token| token.organisation_id);
            store.revoke_token(&name, Scope::All).await?;
            context.audit(whose, "token-revoked", &name, "").await?;
            output.one(&json!({ "name": name, "revoked": true }), || format!("Revoked {name}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
