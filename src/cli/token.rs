//! `mailferry token`: the tokens of programs that use the API.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::app::any;
use crate::app::organisations::Owner;
use crate::app::tokens::{self, RevokedToken, TokenSelector};
use crate::fact::AuditEvent;
use crate::locale::Language;
use crate::store::{Scope, Token, TokenScope};

#[derive(Subcommand)]
pub enum Command {
    /// Create a token; it is printed once, and only its hash is stored
    Create {
        /// Name of the token, e.g. of the program that uses it
        #[arg(long)]
        name: String,
        /// Whether the token may only read, or also change things
        #[arg(long, value_enum)]
        scope: TokenScope,
        /// Organisation that the token is limited to; a new name creates a new organisation [default: all organisations]
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
    },
    /// List the tokens
    List,
    /// Revoke a token at once, and list the tokens that were created with it
    Revoke {
        /// Name of the token
        name: String,
        /// Organisation of the token; needed if several organisations have a token of this name
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
        /// Revoke the tokens that were created with it too
        #[arg(long)]
        with_made: bool,
    },
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (store, output) = (&context.store, context.output);
    match command {
        Command::Create { name, scope, organisation } => {
            let owner = organisation.map_or(Owner::Own, Owner::NamedOrNew);
            let created = tokens::create(context.acting(), &name, scope, &owner).await?;
            let organisation = created.organisation.map(|organisation| organisation.name);
            let line = json!({ "name": name, "scope": scope, "organisation": organisation, "token": created.token });
            output.object(&line, || created.token.clone())?;
        }
        Command::List => {
            let or = |text: Option<String>, none: &str| text.unwrap_or_else(|| none.to_owned());
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
                "No tokens. Create one: mailferry token create --help",
            )?;
        }
        Command::Revoke { name, organisation, with_made } => {
            let which = TokenSelector::Named { name: &name, organisation: organisation.as_deref() };
            let RevokedToken { token, descendants } = tokens::revoke(context.acting(), which, with_made, any).await?;
            let event = AuditEvent::TokenRevoked { made: descendants.clone(), made_revoked: with_made };
            let detail = event.detail(Language::English);
            let line = json!({ "name": token.name, "revoked": true, "made": descendants, "made_revoked": with_made });
            output.object(&line, || match detail.as_str() {
                "" => format!("Revoked {}", token.name),
                detail => format!("Revoked {}; {detail}", token.name),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
