//! The JSON form of a proposed server.

use serde::Serialize;
use utoipa::ToSchema;

use super::{FoundServer, Login, Passwords, Source};

/// A server to propose, and how to log in there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Proposal {
    /// Host name.
    #[schema(example = "imap.lillestad.se")]
    host: String,
    /// Port number.
    port: u16,
    /// Protection of the connection.
    #[schema(example = "implicit")]
    tls: String,
    /// The login name.
    username: String,
    /// The kind of credential: `password` or `oauth`.
    login: &'static str,
    /// The configured provider for the consent; null without OAuth, or if no application is registered.
    oauth: Option<String>,
    /// The operator of the server, if known.
    provider: Option<&'static str>,
    /// Whether a password probably works.
    password_works: bool,
    /// Whether the password must be an app password.
    app_password: bool,
    /// The source of this proposal.
    how: Source,
}

impl Proposal {
    /// Converts a found server.
    pub fn from_found(found: &FoundServer) -> Self {
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
            how: found.source,
        }
    }
}
