//! Validation of mailbox settings, for every door.

use std::time::Duration;

use secrecy::SecretString;

use crate::duration;
use crate::fact::Invalid;
use crate::mailbox::{AfterImport, TlsMode, folder_name};
use crate::store::{Changes, Mailbox, NewLogin, Server};
use crate::tls;
use crate::vault::hex;

/// An invalid field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// The name of the field.
    pub part: &'static str,
    /// Why the value is invalid.
    pub why: Invalid,
}

/// Requested server settings. `None` keeps the current value or the default; `Some(None)` clears a trust setting.
#[derive(Debug, Default)]
pub struct ServerRequest {
    /// Host name or address.
    pub host: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub tls: Option<TlsMode>,
    /// The only certificate authorities to trust (PEM).
    pub ca_pem: Option<Option<String>>,
    /// The only certificate to trust (its SHA-256 in hexadecimal).
    pub pin_sha256: Option<Option<String>>,
}

impl ServerRequest {
    /// Builds a new server. Without a requested host, uses the host `usual`; returns `None` if that is missing too.
    ///
    /// # Errors
    /// A field is invalid.
    pub fn new_server(&self, usual: Option<String>) -> Result<Option<Server>, InvalidField> {
        let tls = self.tls.unwrap_or(TlsMode::Implicit);
        let Some(host) = self.host.clone().or(usual) else { return Ok(None) };
        let blank = Server::on_default_port(host, tls);
        Ok(Some(self.apply_to(&blank)?.unwrap_or(blank)))
    }

    /// Applies the request to a server; `None` if the request changes nothing.
    ///
    /// # Errors
    /// A field is invalid.
    pub fn apply_to(&self, before: &Server) -> Result<Option<Server>, InvalidField> {
        let wrong = |part: &'static str, why: Invalid| InvalidField { part, why };
        let mut server = before.clone();
        if let Some(host) = &self.host {
            let bad = |c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@';
            if host.is_empty() || host.len() > 253 || host.contains(bad) {
                return Err(wrong("host", Invalid::HostName(host.clone())));
            }
            server.host.clone_from(host);
        }
        if let Some(tls) = self.tls {
            // A default port changes to the default port of the new TLS mode.
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

/// Normalises and deduplicates folder names.
///
/// # Errors
/// A name is not a valid folder name.
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

/// Converts the time between two polls to milliseconds; `least` is the minimum that the operator allows.
///
/// # Errors
/// The time is below the minimum.
pub fn interval_ms(wanted: Duration, least: Duration) -> Result<i64, Invalid> {
    match wanted < least {
        true => Err(Invalid::Interval { least: duration::format(least) }),
        false => Ok(i64::try_from(wanted.as_millis()).unwrap_or(i64::MAX)),
    }
}

/// Refuses to move mail into a polled folder.
///
/// # Errors
/// The mail would be imported again from there.
pub fn check_move_target(after_import: &AfterImport, folders: &[String]) -> Result<(), InvalidField> {
    let checked = crate::mailbox::check_move_target(after_import, folders);
    checked.map_err(|conflict| InvalidField { part: "after_import", why: Invalid::MoveIntoPolledFolder(conflict) })
}

/// Refuses to send bearer tokens unencrypted (RFC 6750 5.3).
///
/// # Errors
/// The connection would have no TLS.
pub fn require_tls_for_tokens(server: &Server, by_token: bool) -> Result<(), InvalidField> {
    match by_token && server.tls == TlsMode::None && !server.is_this_machine() {
        true => Err(InvalidField { part: "tls", why: Invalid::TokenWithoutTls }),
        false => Ok(()),
    }
}

/// Returns the change that stores a new password. The change fails if the server or login name is no longer that of
/// `mailbox`.
pub fn password_change(mailbox: &Mailbox, password: SecretString) -> Changes {
    let expected_account = Some((mailbox.server.clone(), mailbox.username.clone()));
    Changes { login: Some(NewLogin::Password(password)), expected_account, ..Changes::default() }
}

/// Validates a password for a mail server.
///
/// # Errors
/// The password is empty, or contains a line break or a NUL.
pub fn password(text: &str) -> Result<SecretString, Invalid> {
    match text {
        "" => Err(Invalid::NoPassword),
        text if text.contains(['\r', '\n', '\0']) => Err(Invalid::PasswordCharacters),
        text => Ok(SecretString::from(text)),
    }
}
