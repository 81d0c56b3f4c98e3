//! The credential policy: Mailferry sends a password or token only to the server it was entered for. A user who may change a
//! mailbox cannot redirect its password to another server. The command line is exempt, because its user has the master key.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::config;
use crate::mailbox::TlsMode;
use crate::store::{GrantKey, GrantKind, Login, Mailbox, NewLogin, Scope, Server};
use crate::vault::hex;

/// The server setting that a change modifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerSetting {
    Host,
    Port,
    Tls,
    CaPem,
    PinSha256,
}

/// Why the policy refuses a change.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Only operators may choose this port.
    Port,
    /// The mailbox has app-only access: a new login name would give this organisation access to other mailboxes.
    AppOnly,
    /// The provider's tokens may be sent only to this server (RFC 9700 4.9.1).
    OtherServer(String),
    /// The configuration names no server that the provider's tokens may be sent to.
    NoConfiguredServer,
    /// The provider's tokens are sent only to a server with a publicly trusted certificate, not to one trusted by this organisation.
    CustomTrust(ServerSetting),
    /// The login was entered for the previous server or trust: the change must include a new one.
    LoginRequired(ServerSetting),
    /// The password would be sent to another machine without TLS, which only an operator may allow.
    PlaintextPassword,
}

/// The effect of a change on the stored login of a mailbox.
#[derive(Debug, PartialEq, Eq)]
pub enum LoginFate {
    /// The login is kept, or replaced by the change.
    Stays,
    /// The login belongs to the provider's own server, so it is kept for the new settings.
    KeptWithProvider,
    /// The login was entered for another server or trust setting, so it is deleted.
    Forgotten,
    /// The consent was given for another login name: it is kept but unusable until the person consents again.
    ConsentRequired,
}

/// A change for the policy to judge.
pub struct Change<'a> {
    /// The mailbox before the change; `None` for a new one.
    pub before: Option<&'a Mailbox>,
    /// The new server, if it changes.
    pub server: Option<&'a Server>,
    /// Whether the login name changes.
    pub is_renamed: bool,
    /// The new login, if it changes.
    pub login: Option<&'a NewLogin>,
}

impl Change<'_> {
    /// The first server setting that differs. For a new mailbox, the trust setting, since nothing can differ.
    pub fn changed_setting(&self) -> ServerSetting {
        let (Some(before), Some(after)) = (self.before.map(|before| &before.server), self.server) else {
            let has_authorities = self.server.is_some_and(|server| server.ca_pem.is_some());
            return if has_authorities { ServerSetting::CaPem } else { ServerSetting::PinSha256 };
        };
        if !before.host.eq_ignore_ascii_case(&after.host) {
            ServerSetting::Host
        } else if before.port != after.port {
            ServerSetting::Port
        } else if before.pin_sha256 != after.pin_sha256 {
            ServerSetting::PinSha256
        } else if before.ca_pem != after.ca_pem {
            ServerSetting::CaPem
        } else {
            ServerSetting::Tls
        }
    }
}

/// Server, trust and login name as one string. A form contains this string, so that a password applies only to the server
/// that the form showed.
pub fn shown(mailbox: &Mailbox) -> String {
    let Mailbox { server, username, .. } = mailbox;
    let trust = trust(server).map(|trust| format!("{trust} ")).unwrap_or_default();
    format!("{}:{} {} {trust}{username}", server.host, server.port, server.tls)
}

/// The trust setting that replaces the usual authorities: the fingerprint of the certificate or of the CA file.
pub fn trust(server: &Server) -> Option<String> {
    match (&server.pin_sha256, &server.ca_pem) {
        (Some(pin), _) => Some(pin.clone()),
        (None, Some(pem)) => Some(format!("CA {}", hex(&Sha256::digest(pem)))),
        (None, None) => None,
    }
}

/// The configuration and the actor's scope, by which the policy judges a change.
pub struct Rules<'a> {
    /// The configured providers.
    pub oauth: &'a config::OAuth,
    /// Ports that non-operators may choose.
    pub ports: &'a [u16],
    /// The scope of the actor.
    pub scope: Scope,
}

impl Rules<'_> {
    /// Judges a change.
    ///
    /// # Errors
    /// The policy refuses it.
    pub fn judge(&self, change: &Change<'_>) -> Result<LoginFate, Refused> {
        let Change { before, server, is_renamed, login } = *change;
        let is_operator = self.scope.id().is_none();
        let moved = server.filter(|server| before.is_none_or(|before| before.server.needs_new_credentials(server)));
        let port_before = before.map(|before| before.server.port);
        let port = server.map(|server| server.port).filter(|port| Some(*port) != port_before);
        if port.is_some_and(|port| !self.ports.contains(&port)) && !is_operator {
            return Err(Refused::Port);
        }
        let key_before = match before.map(|before| &before.login) {
            Some(Login::OAuth { key, .. }) => Some(key),
            _ => None,
        };
        if key_before.is_some_and(|key| key.kind == GrantKind::AppOnly)
            && !is_operator
            && (is_renamed || moved.is_some())
        {
            return Err(Refused::AppOnly);
        }
        let key = match login {
            Some(NewLogin::OAuth(key)) => Some(key),
            Some(_) => None,
            None => key_before,
        };
        if let Some(key) = key
            && (moved.is_some() || Some(key) != key_before)
        {
            return self.tokens(key, key_before, change, moved);
        }
        if key.is_some_and(|key| key.kind == GrantKind::Delegated) && is_renamed {
            return Ok(LoginFate::ConsentRequired);
        }
        if !is_operator && moved.is_some_and(is_unencrypted) {
            return Err(Refused::PlaintextPassword);
        }
        let is_anew = login.is_some() || before.is_none_or(|before| !before.login.is_set());
        Ok(if moved.is_none() || is_anew { LoginFate::Stays } else { LoginFate::Forgotten })
    }

    fn tokens(
        &self,
        key: &GrantKey,
        key_before: Option<&GrantKey>,
        change: &Change<'_>,
        moved: Option<&Server>,
    ) -> Result<LoginFate, Refused> {
        let server = change.server.or(change.before.map(|before| &before.server));
        if moved.is_some_and(Server::has_own_trust) && self.scope.id().is_some() {
            return Err(Refused::CustomTrust(change.changed_setting()));
        }
        let is_asked = change.is_renamed && key.kind == GrantKind::Delegated && Some(key) == key_before;
        let host = server.map(|server| server.host.as_str());
        match self.oauth.imap_host_of(&key.provider) {
            Some(home) if host.is_some_and(|host| home.eq_ignore_ascii_case(host)) => {
                Ok(if is_asked { LoginFate::ConsentRequired } else { LoginFate::KeptWithProvider })
            }
            Some(home) => Err(Refused::OtherServer(home.to_owned())),
            None if self.scope.id().is_some() => Err(Refused::NoConfiguredServer),
            None if moved.is_some() && Some(key) == key_before && change.login.is_none() => Ok(LoginFate::Forgotten),
            None => Ok(LoginFate::Stays),
        }
    }
}

/// Whether credentials sent to this server could be read on the network.
fn is_unencrypted(server: &Server) -> bool {
    let host = server.host.strip_suffix('.').unwrap_or(&server.host);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_here = host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.to_canonical().is_loopback());
    server.tls == TlsMode::None && !is_here
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::config::{Overrides, load};
    use crate::mailbox::Settings;
    use crate::store::MailboxStatus;

    fn key(provider: &str, kind: GrantKind) -> GrantKey {
        GrantKey { provider: provider.to_owned(), kind, identity: "jobb@b.se".to_owned() }
    }

    fn by_token(provider: &str, kind: GrantKind) -> Login {
        Login::OAuth { grant_id: 1, key: key(provider, kind) }
    }

    fn server(host: &str, port: u16) -> Server {
        Server { port, ..Server::on_default_port(host.to_owned(), TlsMode::Implicit) }
    }

    fn mailbox(host: &str, login: Login) -> Mailbox {
        let status = MailboxStatus {
            next_poll_at: None,
            hold_until: None,
            failures: 0,
            failing_since: None,
            last_attempt_at: None,
            last_success_at: None,
            last_error: None,
            error_blame: None,
        };
        Mailbox {
            id: 1,
            address: "jobb@b.se".to_owned(),
            inbox: "i@b.se".to_owned(),
            inbox_id: 1,
            organisation_id: 1,
            server: server(host, 993),
            username: "jobb@b.se".to_owned(),
            login,
            login_proven: true,
            needs_consent: false,
            settings: Settings::default(),
            paused: false,
            setup: false,
            added_at: Timestamp(0),
            copy_changed_at: None,
            fetched: (0, 0),
            status,
        }
    }

    #[test]
    fn credentials_are_sent_only_to_the_server_they_were_given_for() {
        let mut config = load(&Overrides::default()).unwrap().oauth;
        let mut contoso = config.providers["microsoft"].clone();
        contoso.imap_host = String::new();
        config.providers.insert("contoso".to_owned(), contoso);
        let (all, ours) = (Scope::All, Scope::Organisation(1));
        let password = || Login::Password(Some(vec![1]));
        let tokens = |provider| by_token(provider, GrantKind::Delegated);
        let app_only = || by_token("microsoft", GrantKind::AppOnly);
        let (home, evil) = ("outlook.office365.com", "imap.evil.se");
        let given = || Some(NewLogin::Password("new".to_owned().into()));
        let consent = |provider| Some(NewLogin::OAuth(key(provider, GrantKind::Delegated)));
        type Row = (&'static str, Scope, Login, (&'static str, u16), Option<NewLogin>, Result<LoginFate, Refused>);
        let rows: Vec<Row> = vec![
            ("imap.b.se", ours, password(), ("imap.b.se", 993), None, Ok(LoginFate::Stays)),
            ("imap.b.se", ours, password(), ("IMAP.b.se", 993), None, Ok(LoginFate::Stays)),
            ("imap.b.se", ours, password(), (evil, 993), None, Ok(LoginFate::Forgotten)),
            ("imap.b.se", all, password(), (evil, 993), None, Ok(LoginFate::Forgotten)),
            ("imap.b.se", all, password(), ("imap.b.se", 144), None, Ok(LoginFate::Forgotten)),
            ("imap.b.se", ours, password(), ("imap.b.se", 144), None, Err(Refused::Port)),
            ("imap.b.se", ours, password(), (evil, 993), given(), Ok(LoginFate::Stays)),
            ("imap.b.se", ours, Login::Password(None), (evil, 993), None, Ok(LoginFate::Stays)),
            (home, ours, tokens("microsoft"), (evil, 993), None, Err(Refused::OtherServer(home.to_owned()))),
            (home, all, tokens("microsoft"), (evil, 993), None, Err(Refused::OtherServer(home.to_owned()))),
            (
                home,
                ours,
                tokens("microsoft"),
                (evil, 993),
                consent("microsoft"),
                Err(Refused::OtherServer(home.to_owned())),
            ),
            (home, ours, tokens("microsoft"), (evil, 993), given(), Ok(LoginFate::Stays)),
            (evil, ours, password(), (evil, 993), consent("microsoft"), Err(Refused::OtherServer(home.to_owned()))),
            ("imap.b.se", ours, password(), (home, 993), consent("microsoft"), Ok(LoginFate::KeptWithProvider)),
            (home, ours, tokens("microsoft"), (home, 143), None, Ok(LoginFate::KeptWithProvider)),
            (evil, ours, password(), (evil, 993), consent("contoso"), Err(Refused::NoConfiguredServer)),
            (evil, all, password(), (evil, 993), consent("contoso"), Ok(LoginFate::Stays)),
            ("imap.b.se", all, tokens("contoso"), (evil, 993), None, Ok(LoginFate::Forgotten)),
            (home, ours, app_only(), (evil, 993), None, Err(Refused::AppOnly)),
            (home, ours, app_only(), (home, 993), None, Ok(LoginFate::Stays)),
        ];
        for (host, scope, login, (to, port), new, wanted) in rows {
            let told = format!("{host} {scope:?} {login:?} to {to}:{port} with {new:?}");
            let (before, after) = (mailbox(host, login), server(to, port));
            let rules = Rules { oauth: &config, ports: &[143, 993], scope };
            let change = Change { before: Some(&before), server: Some(&after), is_renamed: false, login: new.as_ref() };
            assert_eq!(rules.judge(&change), wanted, "{told}");
        }
    }

    #[test]
    fn only_an_operator_can_send_a_password_to_a_remote_server_without_tls() {
        let config = load(&Overrides::default()).unwrap().oauth;
        let plain = |host: &str| Server { tls: TlsMode::None, ..server(host, 143) };
        let given = NewLogin::Password("new".to_owned().into());
        for (host, is_here) in [
            ("imap.b.se", false),
            ("192.0.2.1", false),
            ("localhost.b.se", false),
            ("localhost", true),
            ("LOCALHOST.", true),
            ("127.0.0.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
        ] {
            let (after, before) = (plain(host), mailbox("imap.c.se", Login::Password(None)));
            let unmoved = Mailbox { server: plain(host), ..mailbox(host, Login::Password(Some(vec![1]))) };
            let judge = |scope, before: Option<&Mailbox>, login: Option<&NewLogin>| {
                let change = Change { before, server: Some(&after), is_renamed: false, login };
                Rules { oauth: &config, ports: &[143], scope }.judge(&change)
            };
            let ours = Scope::Organisation(1);
            for (before, login) in [(None, Some(&given)), (Some(&before), None), (Some(&before), Some(&given))] {
                let wanted = if is_here { Ok(LoginFate::Stays) } else { Err(Refused::PlaintextPassword) };
                assert_eq!(judge(ours, before, login), wanted, "{host}");
                assert_eq!(judge(Scope::All, before, login), Ok(LoginFate::Stays), "{host}");
            }
            // An operator had already chosen this server.
            assert_eq!(judge(ours, Some(&unmoved), Some(&given)), Ok(LoginFate::Stays), "{host}");
        }
    }

    #[test]
    fn an_organisation_cannot_use_an_application_for_a_mailbox_of_another() {
        let config = load(&Overrides::default()).unwrap().oauth;
        let before = mailbox("outlook.office365.com", by_token("microsoft", GrantKind::AppOnly));
        let change = Change { before: Some(&before), server: None, is_renamed: true, login: None };
        let judge = |scope| Rules { oauth: &config, ports: &[993], scope }.judge(&change);
        assert_eq!(judge(Scope::Organisation(1)), Err(Refused::AppOnly));
        assert_eq!(judge(Scope::All), Ok(LoginFate::Stays));
        let server = Server::on_default_port("127.0.0.1".to_owned(), TlsMode::None);
        let downgraded = Server { port: 993, ..server.clone() };
        let local = Mailbox {
            server: Server { tls: TlsMode::Implicit, ..downgraded.clone() },
            ..mailbox("x", Login::Password(Some(vec![1])))
        };
        let change = Change { before: Some(&local), server: Some(&downgraded), is_renamed: false, login: None };
        let judged = Rules { oauth: &config, ports: &[993], scope: Scope::All }.judge(&change);
        assert_eq!(judged, Ok(LoginFate::Forgotten), "without TLS the password could be read on the network");
    }
}
