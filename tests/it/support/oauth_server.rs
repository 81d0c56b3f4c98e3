//! mock-oauth2-server, a third-party identity provider with a login page that accepts every name, and signed tokens. It checks PKCE
//! but hardly anything else; `identity_provider` is the strict one.

use std::{
    ffi::OsStr,
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
};

use serde_json::json;
use tempfile::TempDir;

use super::{
    daemon::{Daemon, Start, find_program},
    dovecot::introspection,
    oauth_client,
    ports::free_port,
};

/// The mailbox that an application's own token is for.
pub const APP_ONLY_USER: &str = "jobb@lillestad.se";

const ISSUER: &str = "contoso";

pub struct OAuthServer {
    _daemon: Daemon,
    port: u16,
    dir: TempDir,
}

impl OAuthServer {
    /// Starts a server whose access tokens are valid for an hour.
    pub fn start() -> Self {
        Self::start_with(3600)
    }

    /// Like `start`, with another lifetime of the access tokens.
    pub fn start_with(expiry_seconds: u32) -> Self {
        let dir = TempDir::with_prefix("oauth-server-").unwrap();
        let port = free_port();
        // A token's `sub` is the identity that logged in; for a token without a login, `sub` is set here.
        let app_only =
            json!({"requestParam": "grant_type", "match": "client_credentials", "claims": {"sub": APP_ONLY_USER}});
        let config = json!({
            "interactiveLogin": true,
            "httpServer": "NettyWrapper",
            "tokenCallbacks": [{"issuerId": ISSUER, "tokenExpiry": expiry_seconds, "requestMappings": [app_only]}],
        });
        let config_file = dir.path().join("config.json");
        fs::write(&config_file, config.to_string()).unwrap();
        let mut daemon = Daemon::start(Start {
            name: "mock-oauth2-server",
            program: OsStr::new("env"),
            args: vec![
                "SERVER_HOSTNAME=127.0.0.1".to_owned(),
                format!("SERVER_PORT={port}"),
                format!("JSON_CONFIG_PATH={}", config_file.display()),
                "java".to_owned(),
                "-Xmx256m".to_owned(),
                "-XX:+UseSerialGC".to_owned(),
                "-cp".to_owned(),
                format!("{}/*", jars().display()),
                "no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt".to_owned(),
            ],
            log: dir.path().join("server.log"),
            end_with: "KILL",
            remove: None,
        });
        daemon.wait_until_ready(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { _daemon: daemon, port, dir }
    }

    /// The base URL of `authorize`, `token`, `revoke`, `introspect` and `.well-known/openid-configuration`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}/{ISSUER}", self.port)
    }

    /// Configuration for `Dovecot::start_with`: Dovecot accepts this server's tokens with these mechanisms.
    pub fn dovecot(&self, mechanisms: &str) -> String {
        // The server requires a client id, but accepts any.
        let url = format!("http://dovecot:any@127.0.0.1:{}/{ISSUER}/introspect", self.port);
        introspection::settings(self.dir.path(), &url, mechanisms)
    }

    /// Like `dovecot`, with shared mailboxes: every identity of their domain can open them.
    pub fn dovecot_for_members(&self, mechanisms: &str) -> String {
        let lines = self.dovecot(mechanisms);
        introspection::open_to_members(self.dir.path());
        lines
    }

    /// The configuration of Mailferry that makes this server a provider.
    pub fn provider(&self, name: &str) -> String {
        oauth_client::provider(name, &self.base(), "")
    }
}

fn jars() -> PathBuf {
    let jars = Path::new(env!("CARGO_MANIFEST_DIR")).join(".parts/mock-oauth2-server");
    let is_here = jars.join("version").is_file() && find_program("java", &[]).is_some();
    assert!(is_here, "mock-oauth2-server is missing: run `make parts`");
    jars
}
