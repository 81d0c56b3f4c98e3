//! `mailferry mailbox discover`

use super::Failure;
use crate::address::Address;
use crate::cli::Context;
use crate::discover::{self, Discovery, FoundServer, Login, Passwords, Proposal, Source};
use crate::wiring;

/// Proposes the mail server of an address.
///
/// # Errors
/// No server was found.
pub async fn run(address: &Address, context: &Context) -> Result<(), Failure> {
    let config = &context.config;
    match discover::find(address, &wiring::egress(config), &config.deadlines, &config.oauth).await {
        Discovery::Found(found) => {
            context.output.object(&Proposal::from_found(&found), || describe(&found))?;
            Ok(())
        }
        Discovery::Nothing => Err(Failure::failed(format!(
            "no mail server was found for {address}; ask the operator of its mail for the name of the IMAP server"
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
        format!("How       {}", describe_source(found.source)),
    ];
    lines.join("\n")
}

/// How to log in, and what must be done first.
fn login(found: &FoundServer) -> String {
    let server = found.provider.unwrap_or("this server");
    let password = match found.passwords {
        Passwords::Own => "password".to_owned(),
        Passwords::App => format!("app password: {server} does not accept the account's own password"),
        Passwords::None => format!("no password: {server} accepts access tokens only"),
    };
    match &found.login {
        Login::Password => password,
        Login::OAuth(name) => format!("--oauth {name} ({password})"),
        Login::Unregistered(Some(name)) => {
            format!("{password}, and no application is registered yet (oauth.providers.{name}.client_id)")
        }
        Login::Unregistered(None) => {
            format!("{password}, and no OAuth provider for this server is configured (oauth.providers)")
        }
    }
}

fn describe_source(source: Source) -> &'static str {
    match source {
        Source::Provider => "the domain belongs to a known provider",
        Source::Mx => "the domain's mail goes to a known provider (MX records)",
        Source::Autoconfig => "from the domain's autoconfig file",
        Source::Srv => "from the domain's SRV records",
        Source::Guess => "guessed: a host of that name exists",
    }
}
