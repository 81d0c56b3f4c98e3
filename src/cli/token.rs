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
    /// Take a token back, at once; the tokens that were made by it are named
    Revoke {
        /// Its name
        name: String,
        /// Whose it is, where several organisations have a token of this name
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
        /// Take the tokens that were made by it back too
        #[arg(long)]
        with_made: bool,
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
                    or(token.made_by.clone(), "-"),
                    token.created_at.to_string(),
                    or(token.last_used_at.map(|at| at.to_string()), "never"),
                ]
            };
            let headings = ["NAME", "SCOPE", "ORGANISATION", "MADE BY", "MADE", "LAST USED"];
            output.rows(
                &store.tokens(Scope::All).await?,
                &headings,
                cells,
                "No tokens. Make one: mailferry token create --help",
            )?;
        }
        Command::Revoke { name, organisation, with_made } => {
            let token = store.token(&name, organisation.as_deref(), Scope::All).await?;
            let made: Vec<String> = store.tokens_made_by(token.id).await?.into_iter().map(|one| one.name).collect();
            store.revoke_token(token.id, with_made).await?;
            let detail = Token::made_in_words(&made, with_made);
            context.audit(token.organisation_id, "token-revoked", &token.name, &detail).await?;
            let line = json!({ "name": token.name, "revoked": true, "made": made, "made_revoked": with_made });
            output.one(&line, || match detail.as_str() {
                "" => format!("Revoked {}", token.name),
                detail => format!("Revoked {}; {detail}", token.name),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
