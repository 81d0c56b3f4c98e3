//! A server as proposed, for programs.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Found, Login, Passwords, Source};

/// A server to propose, and how one would log in there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Proposal {
    /// Its name.
    #[schema(example = "imap.lillestad.se")]
    host: String,
    /// Its port.
    port: u16,
    /// How the connection is protected.
    #[schema(example = "implicit")]
    tls: String,
    /// The login name.
    username: String,
    /// What one logs in with: `password` or `oauth`.
    login: &'static str,
    /// The provider of the configuration to consent with; null without OAuth, and where no application is registered.
    oauth: Option<String>,
    /// Who runs it, if it is one that we know.
    provider: Option<&'static str>,
    /// Whether a password is thought to work.
    password_works: bool,
    /// Whether the password must be one that was made for an application.
    app_password: bool,
    /// Who says so.
    how: Source,
}

impl Proposal {
    /// What was found, as it is told.
    pub fn of(found: &Found) -> Self {
        let (login, oauth) = match &found.login {
            Login::Password => ("password", None),
            Login::OAuth(name) => ("oauth", Some(name.clone())),
            Login::Unregistered(_) => ("oauth", None),
        };
        Self {
            host: found.host.clone(),
            port: found.port,
            tls: found.tls.to_string(),
            username: found.username.clone(),
            login,
            oauth,
            provider: found.provider,
            password_works: found.password_works(),
            app_password: found.passwords == Passwords::App,
            how: found.how,
        }
    }
}
