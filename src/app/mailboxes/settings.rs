//! Settings of a mailbox, checked before they are stored, by whichever door they come.

use std::time::Duration;

use humantime::format_duration;
use secrecy::SecretString;

use crate::fact::Invalid;
use crate::mailbox::{AfterImport, TlsMode, folder_name};
use crate::store::{Changes, Mailbox, NewLogin, Server};
use crate::tls;
use crate::vault::hex;

/// What cannot be: which part of the wish, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The part's name.
    pub part: &'static str,
    /// Why.
    pub why: Invalid,
}

/// What is wished of a server. What is not named stays, or is the usual; `Some(None)` takes a trust away.
#[derive(Debug, Default)]
pub struct ServerRequest {
    /// Host name or address.
    pub host: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub tls: Option<TlsMode>,
    /// Trust these authorities (PEM) and no others.
    pub ca_pem: Option<Option<String>>,
    /// Trust this certificate (SHA-256, hexadecimal) and no other.
    pub pin_sha256: Option<Option<String>>,
}

impl ServerRequest {
    /// A new server, on this host if none is named; `None` without any.
    ///
    /// # Errors
    /// A part of it cannot be.
    pub fn new_server(&self, usual: Option<String>) -> Result<Option<Server>, Wrong> {
        let tls = self.tls.unwrap_or(TlsMode::Implicit);
        let Some(host) = self.host.clone().or(usual) else { return Ok(None) };
        let blank = Server::usual(host, tls);
        Ok(Some(self.on(&blank)?.unwrap_or(blank)))
    }

    /// The server with what is named changed; `None` if nothing of it is.
    ///
    /// # Errors
    /// A part of it cannot be.
    pub fn on(&self, before: &Server) -> Result<Option<Server>, Wrong> {
        let wrong = |part: &'static str, why: Invalid| Wrong { part, why };
        let mut server = before.clone();
        if let Some(host) = &self.host {
            let bad = |c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@';
            if host.is_empty() || host.len() > 253 || host.contains(bad) {
                return Err(wrong("host", Invalid::HostName(host.clone())));
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
            if port == 0 {
                return Err(wrong("port", Invalid::Port));
            }
            server.port = port;
        }
        if let Some(pem) = &self.ca_pem {
            if let Some(pem) = pem {
                tls::check_authorities(pem).map_err(|why| wrong("ca_pem", why))?;
                server.pin_sha256 = None;
            }
            server.ca_pem.clone_from(pem);
        }
        if let Some(pin) = &self.pin_sha256 {
            server.pin_sha256 = match pin {
                Some(pin) => {
                    server.ca_pem = None;
                    Some(hex(&tls::parse_fingerprint(pin).map_err(|why| wrong("pin_sha256", why))?))
                }
                None => None,
            };
        }
        let named = self.host.is_some()
            || self.tls.is_some()
            || self.port.is_some()
            || self.ca_pem.is_some()
            || self.pin_sha256.is_some();
        Ok(named.then_some(server))
    }
}

/// The folders, each once.
///
/// # Errors
/// One of them cannot be a folder's name.
pub fn folders(names: &[String]) -> Result<Vec<String>, Invalid> {
    let mut folders = Vec::new();
    for name in names {
        let name = folder_name(name)?;
        if !folders.contains(&name) {
            folders.push(name);
        }
    }
    Ok(folders)
}

/// The time between two polls in milliseconds, as stored; `least`: the shortest that the operator allows.
///
/// # Errors
/// It is shorter.
pub fn interval_ms(wanted: Duration, least: Duration) -> Result<i64, Invalid> {
    match wanted < least {
        true => Err(Invalid::Interval { least: format_duration(least).to_string() }),
        false => Ok(i64::try_from(wanted.as_millis()).unwrap_or(i64::MAX)),
    }
}

/// Refuses to move mail into a folder that is polled.
///
/// # Errors
/// It would come in from there again.
pub fn check_move_target(after_import: &AfterImport, folders: &[String]) -> Result<(), Wrong> {
    let checked = crate::mailbox::check_move_target(after_import, folders);
    checked.map_err(|conflict| Wrong { part: "after_import", why: Invalid::IntoItself(conflict) })
}

/// A token is as good as a password to whoever listens, and nobody has said that he knows (RFC 6750 5.3).
///
/// # Errors
/// It would be sent so.
pub fn never_in_clear_text(server: &Server, by_token: bool) -> Result<(), Wrong> {
    match by_token && server.tls == TlsMode::None && !server.is_this_machine() {
        true => Err(Wrong { part: "tls", why: Invalid::TokenInClear }),
        false => Ok(()),
    }
}

/// The change by which a mailbox is opened with a password that was given for its server and login name as they are in `mailbox`.
pub fn given_password(mailbox: &Mailbox, password: SecretString) -> Changes {
    let given_for = Some((mailbox.server.clone(), mailbox.username.clone()));
    Changes { login: Some(NewLogin::Password(password)), given_for, ..Changes::default() }
}

/// A password as a mail server takes it.
///
/// # Errors
/// None does.
pub fn password(text: &str) -> Result<SecretString, Invalid> {
    match text {
        "" => Err(Invalid::NoPassword),
        text if text.contains(['\r', '\n', '\0']) => Err(Invalid::PasswordCharacters),
        text => Ok(SecretString::from(text)),
    }
}
