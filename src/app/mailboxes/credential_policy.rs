//! Passwords and tokens are told to no other server than the one that they were given for: whoever may change a mailbox may not have
//! its password sent to a server of his own. The command line is not asked: whoever has the key needs no such way.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::config;
use crate::mailbox::TlsMode;
use crate::store::{GrantKey, GrantKind, Login, Mailbox, NewLogin, Scope, Server};
use crate::vault::hex;

/// The part of a change by which a server becomes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    Host,
    Port,
    Tls,
    CaPem,
    PinSha256,
}

/// Why a mailbox may not be changed so.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The port is for operators.
    Port,
    /// An application opens it, and whatever that may open it would open for this organisation.
    AppOnly,
    /// The provider's tokens are told to this server only (RFC 9700 4.9.1).
    Home(String),
    /// Nobody has said whom the provider's tokens may be told to.
    NoHome,
    /// The provider's tokens are told to whoever everybody trusts to be its server, and not to whom this organisation trusts.
    OwnTrust(Moved),
    /// The login was given for the server, and the trust in it, before: it has to be given anew with the change.
    LoginToo(Moved),
    /// The password would go to another machine without TLS, which only an operator may want.
    InClear,
}

/// What becomes of what a mailbox is opened with.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is, or comes anew with the change.
    Stays,
    /// It is the server's own wherever that stands now, and goes along.
    GoesAlong,
    /// It was given for another server or another trust in it, and has to be given anew.
    Forgotten,
    /// The consent was given for another login name: it is kept, and opens nothing before somebody has consented anew.
    AskedAnew,
}

/// What is to change of a mailbox.
pub struct Change<'a> {
    /// The mailbox; `None`: a new one.
    pub before: Option<&'a Mailbox>,
    /// Its server afterwards, where that is named.
    pub server: Option<&'a Server>,
    /// Whether another login name is named.
    pub is_renamed: bool,
    /// What it is opened with from now on, where that is named.
    pub login: Option<&'a NewLogin>,
}

impl Change<'_> {
    /// The part by which the server becomes another.
    pub fn moved_by(&self) -> Moved {
        let (Some(before), Some(after)) = (self.before.map(|before| &before.server), self.server) else {
            let has_authorities = self.server.is_some_and(|server| server.ca_pem.is_some());
            return if has_authorities { Moved::CaPem } else { Moved::PinSha256 };
        };
        if !before.host.eq_ignore_ascii_case(&after.host) {
            Moved::Host
        } else if before.port != after.port {
            Moved::Port
        } else if before.pin_sha256 != after.pin_sha256 {
            Moved::PinSha256
        } else if before.ca_pem != after.ca_pem {
            Moved::CaPem
        } else {
            Moved::Tls
        }
    }
}

/// A mailbox's server with its trust and the login name, as a form shows that they were seen.
pub fn shown(mailbox: &Mailbox) -> String {
    let Mailbox { server, username, .. } = mailbox;
    let trust = trust(server).map(|trust| format!("{trust} ")).unwrap_or_default();
    format!("{}:{} {} {trust}{username}", server.host, server.port, server.tls)
}

/// What a server is trusted by in place of the usual authorities: the fingerprint of its certificate, or of the file of its own
/// authorities.
pub fn trust(server: &Server) -> Option<String> {
    match (&server.pin_sha256, &server.ca_pem) {
        (Some(pin), _) => Some(pin.clone()),
        (None, Some(pem)) => Some(format!("CA {}", hex(&Sha256::digest(pem)))),
        (None, None) => None,
    }
}

/// What is judged by.
pub struct Rules<'a> {
    /// The providers, with their servers.
    pub oauth: &'a config::OAuth,
    /// The ports that whoever is not an operator may name.
    pub ports: &'a [u16],
    /// What the one who changes it sees.
    pub scope: Scope,
}

impl Rules<'_> {
    /// Judges a change.
    ///
    /// # Errors
    /// It must not be made.
    pub fn judge(&self, change: &Change<'_>) -> Result<Fate, Refused> {
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
            return Ok(Fate::AskedAnew);
        }
        if !is_operator && moved.is_some_and(is_in_clear) {
            return Err(Refused::InClear);
        }
        let is_anew = login.is_some() || before.is_none_or(|before| !before.login.is_set());
        Ok(if moved.is_none() || is_anew { Fate::Stays } else { Fate::Forgotten })
    }

    fn tokens(
        &self,
        key: &GrantKey,
        key_before: Option<&GrantKey>,
        change: &Change<'_>,
        moved: Option<&Server>,
    ) -> Result<Fate, Refused> {
        let server = change.server.or(change.before.map(|before| &before.server));
        if moved.is_some_and(Server::has_own_trust) && self.scope.id().is_some() {
            return Err(Refused::OwnTrust(change.moved_by()));
        }
        let is_asked = change.is_renamed && key.kind == GrantKind::Delegated && Some(key) == key_before;
        let host = server.map(|server| server.host.as_str());
        match self.oauth.imap_host_of(&key.provider) {
            Some(home) if host.is_some_and(|host| home.eq_ignore_ascii_case(host)) => {
                Ok(if is_asked { Fate::AskedAnew } else { Fate::GoesAlong })
            }
            Some(home) => Err(Refused::Home(home.to_owned())),
            None if self.scope.id().is_some() => Err(Refused::NoHome),
            None if moved.is_some() && Some(key) == key_before && change.login.is_none() => Ok(Fate::Forgotten),
            None => Ok(Fate::Stays),
        }
    }
}

/// Whether others could read what is told to this server.
fn is_in_clear(server: &Server) -> bool {
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
            asks_consent: false,
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
    fn what_is_entrusted_to_one_server_is_told_to_no_other() {
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
        type Row = (&'static str, Scope, Login, (&'static str, u16), Option<NewLogin>, Result<Fate, Refused>);
        let rows: Vec<Row> = vec![
            ("imap.b.se", ours, password(), ("imap.b.se", 993), None, Ok(Fate::Stays)),
            ("imap.b.se", ours, password(), ("IMAP.b.se", 993), None, Ok(Fate::Stays)),
            ("imap.b.se", ours, password(), (evil, 993), None, Ok(Fate::Forgotten)),
            ("imap.b.se", all, password(), (evil, 993), None, Ok(Fate::Forgotten)),
            ("imap.b.se", all, password(), ("imap.b.se", 144), None, Ok(Fate::Forgotten)),
            ("imap.b.se", ours, password(), ("imap.b.se", 144), None, Err(Refused::Port)),
            ("imap.b.se", ours, password(), (evil, 993), given(), Ok(Fate::Stays)),
            ("imap.b.se", ours, Login::Password(None), (evil, 993), None, Ok(Fate::Stays)),
            (home, ours, tokens("microsoft"), (evil, 993), None, Err(Refused::Home(home.to_owned()))),
            (home, all, tokens("microsoft"), (evil, 993), None, Err(Refused::Home(home.to_owned()))),
            (home, ours, tokens("microsoft"), (evil, 993), consent("microsoft"), Err(Refused::Home(home.to_owned()))),
            (home, ours, tokens("microsoft"), (evil, 993), given(), Ok(Fate::Stays)),
            (evil, ours, password(), (evil, 993), consent("microsoft"), Err(Refused::Home(home.to_owned()))),
            ("imap.b.se", ours, password(), (home, 993), consent("microsoft"), Ok(Fate::GoesAlong)),
            (home, ours, tokens("microsoft"), (home, 143), None, Ok(Fate::GoesAlong)),
            (evil, ours, password(), (evil, 993), consent("contoso"), Err(Refused::NoHome)),
            (evil, all, password(), (evil, 993), consent("contoso"), Ok(Fate::Stays)),
            ("imap.b.se", all, tokens("contoso"), (evil, 993), None, Ok(Fate::Forgotten)),
            (home, ours, app_only(), (evil, 993), None, Err(Refused::AppOnly)),
            (home, ours, app_only(), (home, 993), None, Ok(Fate::Stays)),
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
    fn only_an_operator_has_a_password_told_to_another_machine_without_tls() {
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
                let wanted = if is_here { Ok(Fate::Stays) } else { Err(Refused::InClear) };
                assert_eq!(judge(ours, before, login), wanted, "{host}");
                assert_eq!(judge(Scope::All, before, login), Ok(Fate::Stays), "{host}");
            }
            // An operator has wanted it there before.
            assert_eq!(judge(ours, Some(&unmoved), Some(&given)), Ok(Fate::Stays), "{host}");
        }
    }

    #[test]
    fn an_organisation_names_no_other_mailbox_to_an_application() {
        let config = load(&Overrides::default()).unwrap().oauth;
        let before = mailbox("outlook.office365.com", by_token("microsoft", GrantKind::AppOnly));
        let change = Change { before: Some(&before), server: None, is_renamed: true, login: None };
        let judge = |scope| Rules { oauth: &config, ports: &[993], scope }.judge(&change);
        assert_eq!(judge(Scope::Organisation(1)), Err(Refused::AppOnly));
        assert_eq!(judge(Scope::All), Ok(Fate::Stays));
        let server = Server::on_default_port("127.0.0.1".to_owned(), TlsMode::None);
        let downgraded = Server { port: 993, ..server.clone() };
        let local = Mailbox {
            server: Server { tls: TlsMode::Implicit, ..downgraded.clone() },
            ..mailbox("x", Login::Password(Some(vec![1])))
        };
        let change = Change { before: Some(&local), server: Some(&downgraded), is_renamed: false, login: None };
        let judged = Rules { oauth: &config, ports: &[993], scope: Scope::All }.judge(&change);
        assert_eq!(judged, Ok(Fate::Forgotten), "without TLS everybody on the way would be told");
    }
}
