//! The options that `mailbox add` and `mailbox set` share.

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
pub struct SettingsArgs {
    /// Inbox that the mailbox feeds
    #[arg(long, value_name = "ADDRESS")]
    pub inbox: Option<Address>,
    /// Host name of the mail server [default with --oauth: the provider's server]
    #[arg(long)]
    pub host: Option<String>,
    /// Port of the mail server [default when adding: 993, or 143 without implicit TLS]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Encryption: implicit, starttls or none [default when adding: implicit]
    #[arg(long, value_name = "HOW")]
    pub tls: Option<TlsMode>,
    /// Trust the certificate authorities in this PEM file and no others
    #[arg(long, value_name = "FILE", conflicts_with = "pin_sha256")]
    pub ca_file: Option<PathBuf>,
    /// Trust the certificate with this SHA-256 fingerprint and no other
    #[arg(long, value_name = "FINGERPRINT")]
    pub pin_sha256: Option<String>,
    /// Login name; with OAuth the mailbox to open, e.g. a shared mailbox [default when adding: the address]
    #[arg(long, value_name = "USER")]
    pub username: Option<String>,
    /// Folder to poll; may be given several times [default when adding: INBOX]
    #[arg(long = "folder", value_name = "FOLDER")]
    pub folder: Vec<String>,
    /// Import mail from this time on: now, all, or a date YYYY-MM-DD (UTC) [default when adding: now]
    #[arg(long, value_name = "WHEN")]
    pub start: Option<Start>,
    /// Effect on the customer's copy: leave, seen, keyword:NAME, move:FOLDER, delete [default when adding: leave]
    #[arg(long, value_name = "WHAT")]
    pub after_import: Option<AfterImport>,
    /// Time between two polls, at least schedule.least_interval [default when adding: 60s]
    #[arg(long, value_name = "TIME")]
    pub interval: Option<Span>,
    /// Maximum size of a mail; larger mail is quarantined [default when adding: 50MB]
    #[arg(long, value_name = "SIZE")]
    pub max_size: Option<Bytes>,
}

impl SettingsArgs {
    /// Whether no option is given.
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

    /// The change to the mailbox's settings. `least_interval` is the shortest interval that is allowed.
    pub fn change(&self, least_interval: Duration) -> Result<SettingsChange, Failure> {
        let folders = settings::folders(&self.folder).map_err(|why| Failure::usage(why.to_string()))?;
        let interval = self.interval.map(|interval| settings::interval_ms(interval.0, least_interval)).transpose();
        let too_short = |why: Invalid| Failure::usage(format!("--interval: {why} (schedule.least_interval)"));
        Ok(SettingsChange {
            folders: (!folders.is_empty()).then_some(folders),
            start: self.start,
            after_import: self.after_import.clone(),
            interval_ms: interval.map_err(too_short)?,
            max_size: self.max_size.map(|size| size.0),
        })
    }

    /// The server of a new mailbox. `default_host` is used if no host is given; without either, returns `None`.
    pub fn new_server(&self, default_host: Option<String>) -> Result<Option<Server>, Failure> {
        Ok(self.server()?.new_server(default_host)?)
    }

    /// The changed server; `None` if no option of the server is given.
    pub fn changed_server(&self, before: &Server) -> Result<Option<Server>, Failure> {
        Ok(self.server()?.apply_to(before)?)
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
