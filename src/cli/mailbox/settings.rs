//! The options that `mailbox add` and `mailbox set` have in common.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Failure, read_pem};
use crate::address::Address;
use crate::app::mailboxes::settings::{self, ServerRequest};
use crate::config::{Bytes, Span};
use crate::fact::Invalid;
use crate::mailbox::{AfterImport, SettingsChange, Start, TlsMode};
use crate::store::Server;

#[derive(Args)]
pub struct Settings {
    /// The inbox that it feeds
    #[arg(long, value_name = "ADDRESS")]
    pub inbox: Option<Address>,
    /// The mail server [default with --oauth: the provider's]
    #[arg(long)]
    pub host: Option<String>,
    /// The server's port [default when adding: 993, or 143 without implicit TLS]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// implicit, starttls or none [default when adding: implicit]
    #[arg(long, value_name = "HOW")]
    pub tls: Option<TlsMode>,
    /// Trust the certificate authorities in this PEM file and no others
    #[arg(long, value_name = "FILE", conflicts_with = "pin_sha256")]
    pub ca_file: Option<PathBuf>,
    /// Trust the certificate with this SHA-256 fingerprint and no other
    #[arg(long, value_name = "FINGERPRINT")]
    pub pin_sha256: Option<String>,
    /// The login name; with OAuth the mailbox to open, as for a shared mailbox [default when adding: the address]
    #[arg(long, value_name = "USER")]
    pub username: Option<String>,
    /// A folder to poll; may be given several times [default when adding: INBOX]
    #[arg(long = "folder", value_name = "FOLDER")]
    pub folder: Vec<String>,
    /// From when: now, all, or a date YYYY-MM-DD (UTC) [default when adding: now]
    #[arg(long, value_name = "WHEN")]
    pub start: Option<Start>,
    /// What happens to the customer's copy: leave, seen, keyword:NAME, move:FOLDER, delete [default when adding: leave]
    #[arg(long, value_name = "WHAT")]
    pub after_import: Option<AfterImport>,
    /// The time between two polls, at least schedule.least_interval [default when adding: 60s]
    #[arg(long, value_name = "TIME")]
    pub interval: Option<Span>,
    /// Larger mail is quarantined [default when adding: 50MB]
    #[arg(long, value_name = "SIZE")]
    pub max_size: Option<Bytes>,
}

impl Settings {
    /// Whether none is given.
    pub fn is_empty(&self) -> bool {
        let Self {
            inbox,
            host,
            port,
            tls,
            ca_file,
            pin_sha256,
            username,
            folder,
            start,
            after_import,
            interval,
            max_size,
        } = self;
        inbox.is_none()
            && host.is_none()
            && port.is_none()
            && tls.is_none()
            && ca_file.is_none()
            && pin_sha256.is_none()
            && username.is_none()
            && folder.is_empty()
            && start.is_none()
            && after_import.is_none()
            && interval.is_none()
            && max_size.is_none()
    }

    /// What is to change of the mailbox's settings; `least`: the shortest interval that may be.
    pub fn change(&self, least: Duration) -> Result<SettingsChange, Failure> {
        let folders = settings::folders(&self.folder).map_err(|why| Failure::usage(why.to_string()))?;
        let interval = self.interval.map(|interval| settings::interval_ms(interval.0, least)).transpose();
        let too_short = |why: Invalid| Failure::usage(format!("--interval: {why} (schedule.least_interval)"));
        Ok(SettingsChange {
            folders: (!folders.is_empty()).then_some(folders),
            start: self.start,
            after_import: self.after_import.clone(),
            interval_ms: interval.map_err(too_short)?,
            max_size: self.max_size.map(|size| size.0),
        })
    }

    /// The server of a new mailbox, on its provider's usual host if none is given; `None` without any.
    pub fn new_server(&self, usual: Option<String>) -> Result<Option<Server>, Failure> {
        Ok(self.server()?.new_server(usual)?)
    }

    /// The server with what is given changed; `None` if nothing of it is.
    pub fn changed_server(&self, before: &Server) -> Result<Option<Server>, Failure> {
        Ok(self.server()?.on(before)?)
    }

    fn server(&self) -> Result<ServerRequest, Failure> {
        Ok(ServerRequest {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            ca_pem: self.ca_file.as_deref().map(read_pem).transpose()?.map(Some),
            pin_sha256: self.pin_sha256.clone().map(Some),
        })
    }
}
