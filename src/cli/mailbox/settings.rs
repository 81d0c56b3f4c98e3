//! The options that `mailbox add` and `mailbox set` have in common.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, read_pem};
use crate::address::Address;
use crate::config::{Bytes, Span};
use crate::mailbox::{AfterImport, Start, TlsMode, folder_name};
use crate::store::Server;
use crate::tls;

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
    /// The time between two polls [default when adding: 60s]
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

    /// The folders, each once.
    pub fn folders(&self) -> Result<Option<Vec<String>>, Failure> {
        let mut folders = Vec::new();
        for name in &self.folder {
            let name = folder_name(name).map_err(Failure::usage)?;
            if !folders.contains(&name) {
                folders.push(name);
            }
        }
        Ok((!folders.is_empty()).then_some(folders))
    }

    /// The interval as stored.
    pub fn interval_ms(&self) -> Option<i64> {
        self.interval.map(|interval| i64::try_from(interval.0.as_millis()).unwrap_or(i64::MAX))
    }

    /// The server of a new mailbox, on its provider's usual host if none is given; `None` without any.
    pub fn new_server(&self, usual: Option<String>) -> Option<Result<Server, Failure>> {
        let tls = self.tls.unwrap_or(TlsMode::Implicit);
        let host = self.host.clone().or(usual)?;
        let blank = Server { host, port: tls.default_port(), tls, ca_pem: None, pin_sha256: None };
        Some(self.changed_server(&blank).map(|changed| changed.unwrap_or(blank)))
    }

    /// The server with what is given changed; `None` if nothing of it is.
    pub fn changed_server(&self, before: &Server) -> Result<Option<Server>, Failure> {
        let mut server = before.clone();
        if let Some(host) = &self.host {
            if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@') {
                return Err(Failure::usage(format!("{host:?} is not a host name")));
            }
            server.host.clone_from(host);
        }
        if let Some(tls) = self.tls {
            // A port that was the usual one stays the usual one.
            if server.port == server.tls.default_port() {
                server.port = tls.default_port();
            }
            server.tls = tls;
        }
        if let Some(port) = self.port {
            server.port = port;
        }
        if let Some(path) = &self.ca_file {
            server.ca_pem = Some(read_pem(path)?);
            server.pin_sha256 = None;
        }
        if let Some(pin) = &self.pin_sha256 {
            let pin = tls::parse_fingerprint(pin).map_err(Failure::usage)?;
            server.pin_sha256 = Some(crate::vault::hex(&pin));
            server.ca_pem = None;
        }
        let given = self.host.is_some()
            || self.tls.is_some()
            || self.port.is_some()
            || self.ca_file.is_some()
            || self.pin_sha256.is_some();
        Ok(given.then_some(server))
    }
}
