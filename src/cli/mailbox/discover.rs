//! `mailferry mailbox discover`

use super::Failure;
use crate::address::Address;
use crate::cli::Context;
use crate::discover::{self, Discovery, FoundServer, Login, Passwords, Proposal, Source};
use crate::wiring;

/// Proposes the server of this address.
///
/// # Errors
/// Nothing was found.
pub async fn run(address: &Address, context: &Context) -> Result<(), Failure> {
    let config = &context.config;
    match discover::find(address, &wiring::egress(config), &config.deadlines, &config.oauth).await {
        Discovery::Found(found) => {
            context.output.one(&Proposal::from_found(&found), || describe(&found))?;
            Ok(())
        }
        Discovery::Nothing => Err(Failure::failed(format!(
            "no mail server was found for {address}; ask whoever runs its mail for the name of the IMAP server"
        ))),
    }
}

fn describe(found: &FoundServer) -> String {
    let lines = [
        format!("Host      {}", found.host),
        format!("Port      {}", found.port),
        format!("TLS       {}", found.tls),
        format!("Username  {}", found.username),
        format!("Login     {}", login(found)),
        format!("How       {}", how(found.how)),
    ];
    lines.join("\n")
}

/// What one logs in with, and what is to be done first.
fn login(found: &FoundServer) -> String {
    let who = found.provider.unwrap_or("this server");
    let password = match found.passwords {
        Passwords::Own => "password".to_owned(),
        Passwords::App => format!("password, but not the account's own: {who} wants one made for an application"),
        Passwords::None => format!("no password: {who} takes access tokens only"),
    };
    match &found.login {
        Login::Password => password,
        Login::OAuth(name) => format!("--oauth {name} ({password})"),
        Login::Unregistered(Some(name)) => {
            format!("{password}, and no application is registered yet (oauth.providers.{name}.client_id)")
        }
        Login::Unregistered(None) => format!("{password}, and no provider of such is configured (oauth.providers)"),
    }
}

fn how(source: Source) -> &'static str {
    match source {
        Source::Provider => "the domain is a provider's that we know",
        Source::Mx => "the domain's mail goes to a provider that we know (MX records)",
        Source::Autoconfig => "the domain's autoconfig file says so",
        Source::Srv => "the domain's SRV records say so",
        Source::Guess => "guessed: there is a host of that name",
    }
}
