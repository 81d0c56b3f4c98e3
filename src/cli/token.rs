//! `mailferry token`: for programs that use the API.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::app::any;
use crate::app::organisations::Owner;
use crate::app::tokens::{self, RevokedToken, WhichToken};
use crate::fact::Done;
use crate::locale::Language;
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
    let (store, output) = (&context.store, context.output);
    match command {
        Command::Create { name, scope, organisation } => {
            let owner = organisation.map_or(Owner::Own, Owner::NamedOrNew);
            let made = tokens::make(context.acting(), &name, scope, &owner).await?;
            let organisation = made.organisation.map(|organisation| organisation.name);
            let line = json!({ "name": name, "scope": scope, "organisation": organisation, "token": made.token });
            output.one(&line, || made.token.clone())?;
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
            let which = WhichToken::Named { name: &name, organisation: organisation.as_deref() };
            let RevokedToken { token, made } = tokens::revoke(context.acting(), which, with_made, any).await?;
            let done = Done::TokenRevoked { made: made.clone(), made_revoked: with_made };
            let detail = done.detail(Language::English);
            let line = json!({ "name": token.name, "revoked": true, "made": made, "made_revoked": with_made });
            output.one(&line, || match detail.as_str() {
                "" => format!("Revoked {}", token.name),
                detail => format!("Revoked {}; {detail}", token.name),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
