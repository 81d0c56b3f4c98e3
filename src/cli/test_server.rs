//! `mailferry test-server`

use std::net::SocketAddr;
use std::process::ExitCode;

use super::Failure;
use super::output::Output;
use crate::lifecycle;
use crate::test_server::{PROFILES, Profile, TestServer};

#[derive(clap::Args)]
pub struct Args {
    /// Profile that selects the server's fault [default: list all profiles]
    profile: Option<String>,
    /// Address to listen on; it must be a loopback address, because the server accepts every login
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1143")]
    listen: SocketAddr,
    /// Number of mails in the INBOX
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    mails: u32,
}

pub async fn run(args: Args, output: Output) -> Result<ExitCode, Failure> {
    let Some(name) = args.profile else {
        for profile in PROFILES {
            let (name, description) = (profile.name, profile.description);
            output.object(&serde_json::json!({ "profile": name, "what": description }), || {
                format!("{name:<22}{description}")
            })?;
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
    output.object(&serde_json::json!({ "profile": name, "listen": address }), || {
        format!("An IMAP server that {} listens on {address}, without TLS; it accepts every login", profile.description)
    })?;
    stop.cancelled().await;
    Ok(ExitCode::SUCCESS)
}
