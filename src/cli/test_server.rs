//! `mailferry test-server`

use std::net::SocketAddr;
use std::process::ExitCode;

use super::Failure;
use super::output::Output;
use crate::lifecycle;
use crate::test_server::{PROFILES, Profile, TestServer};

#[derive(clap::Args)]
pub struct Args {
    /// What is wrong with the server; without it, all profiles are listed
    profile: Option<String>,
    /// Where it listens: a loopback address, since it lets everybody in
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1143")]
    listen: SocketAddr,
    /// How many mails lie in its INBOX
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    mails: u32,
}

pub async fn run(args: Args, output: Output) -> Result<ExitCode, Failure> {
    let Some(name) = args.profile else {
        for profile in PROFILES {
            let (name, what) = (profile.name, profile.description);
            output.one(&serde_json::json!({ "profile": name, "what": what }), || format!("{name:<22}{what}"))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let profile = Profile::find(&name)
        .ok_or_else(|| Failure::usage(format!("there is no profile {name:?}; `mailferry test-server` lists them")))?;
    let stop = lifecycle::on_signals()?;
    let server = TestServer::start(args.listen, profile.account(args.mails))
        .await
        .map_err(|error| Failure::failed(format!("{}: cannot listen there: {error}", args.listen)))?;
    let address = server.address();
    output.one(&serde_json::json!({ "profile": name, "listen": address }), || {
        format!("An IMAP server that {} listens on {address}, without TLS; every login is let in", profile.description)
    })?;
    stop.cancelled().await;
    Ok(ExitCode::SUCCESS)
}
