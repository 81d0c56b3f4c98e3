//! Tests of the pages' guarantees beyond access control: credentials of one user or server are never revealed to another.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::address::Address;
use crate::clock::{Clock, SystemClock};
use crate::http::page::guard::SESSION;
use crate::http::{State, routes, testing};
use crate::mailbox::TlsMode;
use crate::store::{
    FIRST_ORGANISATION, GrantKey, GrantKind, Mailbox, NewInbox, NewLogin, NewMailbox, NewPerson, Purpose, Role, Scope,
    Server, TokenScope,
};
use crate::{opaque, password};

const MAILBOX: &str = "jobb@lillestad.se";
const INBOX: &str = "jobb.lillestad.se@mail.kundo.se";

struct Site {
    state: State,
    router: Router,
    _folder: TempDir,
}

/// The response to a request.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    to: String,
    cookies: Vec<String>,
    text: String,
}

impl Site {
    /// A site with an operator, an admin, a second organisation, and a mailbox with a password.
    async fn new() -> Self {
        let (state, folder) = testing::state(|config| {
            let mut app = config.oauth.providers["microsoft"].clone();
            app.client_id = "app".to_owned();
            config.oauth.providers.insert("microsoft".to_owned(), app);
        })
        .await;
        let site = Self { router: routes::router(state.clone()), state, _folder: folder };
        let (store, now) = (&site.state.deps.store, SystemClock.now());
        store.organisation_named("other", now).await.unwrap();
        let hash = password::hash("rätt häst batteri".into()).await.unwrap();
        for (name, role, organisation_id) in
            [("operator", Role::Operator, None), ("admin", Role::Admin, Some(FIRST_ORGANISATION))]
        {
            let new = NewPerson { name, role, organisation_id, password_hash: Some(&hash), language: "en", zone: "" };
            store.add_person(&new, now).await.unwrap();
        }
        let inbox = NewInbox { address: address(INBOX), name: None, reply_from: None, organisation_id: None };
        store.add_inbox(&inbox, now).await.unwrap();
        let new = NewMailbox {
            server: Server::on_default_port("imap.lillestad.se".to_owned(), TlsMode::Implicit),
            settings: crate::mailbox::Settings { max_size: 1000, ..Default::default() },
            ..NewMailbox::with_password(MAILBOX, INBOX, "hemligt")
        };
        store.add_mailbox(&new, &site.state.deps.vault, now).await.unwrap();
        site
    }

    async fn mailbox(&self) -> Mailbox {
        self.state.deps.store.mailbox(&address(MAILBOX)).await.unwrap()
    }

    async fn session(&self, name: &str) -> String {
        let key = opaque::new("");
        let person = self.state.deps.store.person(name).await.unwrap().unwrap();
        let now = SystemClock.now();
        self.state.deps.store.begin_session(person.id, &opaque::hash(&key), None, now).await.unwrap();
        format!("{SESSION}={key}")
    }

    async fn post(&self, user: &str, path: &str, form: &[(&str, &str)]) -> Reply {
        let cookie = self.session(user).await;
        self.send(path, &cookie, form).await
    }

    async fn send(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("host", "localhost:8025")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))))
            .body(Body::from(body))
            .unwrap();
        read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().uri(path).header("host", "localhost:8025");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await
    }

    async fn server(&self, user: &str, host: &str, port: &str, username: &str) -> Reply {
        let form = [("host", host), ("port", port), ("tls", "implicit"), ("username", username)];
        self.post(user, &format!("/mailboxes/{MAILBOX}/setup/server"), &form).await
    }

    /// Makes the mailbox log in with a grant of this kind.
    async fn opened_with(&self, kind: GrantKind) {
        let key = GrantKey { provider: "microsoft".into(), kind, identity: "lillestad.se".into() };
        let server = Server::on_default_port("outlook.office365.com".to_owned(), TlsMode::Implicit);
        let changes =
            crate::store::Changes { login: Some(NewLogin::OAuth(key)), server: Some(server), ..Default::default() };
        self.state.deps.store.change_mailbox(&address(MAILBOX), &changes, None, SystemClock.now()).await.unwrap();
    }
}

async fn read(response: Response) -> Reply {
    let header = |name: &str| {
        let all = response.headers().get_all(name).iter();
        all.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (status, to, cookies) = (response.status(), header("location").join(""), header("set-cookie"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    Reply { status, to, cookies, text: String::from_utf8_lossy(&body).into_owned() }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_password_is_sent_only_to_the_server_it_was_given_for() {
    for user in ["admin", "operator"] {
        let site = Site::new().await;
        let reply = site.server(user, "imap.lillestad.se", "993", "jobb").await;
        assert_eq!(reply.to, format!("{}?done=saved", crate::http::page::paths::mailbox(MAILBOX)));
        assert!(site.mailbox().await.login.is_set(), "{user}: the same server");
        let reply = site.server(user, "imap.evil.se", "993", "jobb").await;
        assert!(reply.to.ends_with("/setup/login?done=login-anew"), "{reply:?}");
        assert!(!site.mailbox().await.login.is_set(), "{user}");
        assert_eq!(site.mailbox().await.server.host, "imap.evil.se");
    }
}

#[tokio::test]
async fn tokens_are_sent_only_to_their_providers_server_for_their_own_mailbox() {
    let site = Site::new().await;
    site.opened_with(GrantKind::Delegated).await;
    let reply = site.server("admin", "imap.evil.se", "993", MAILBOX).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text.contains("outlook.office365.com"), "{}", reply.text);
    let reply = site.server("admin", "outlook.office365.com", "993", "shared@lillestad.se").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "a shared mailbox");
    site.opened_with(GrantKind::AppOnly).await;
    let reply = site.server("admin", "outlook.office365.com", "993", "hr@lillestad.se").await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.text);
    let reply = site.server("operator", "outlook.office365.com", "993", "hr@lillestad.se").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn only_operators_can_use_unusual_ports() {
    let site = Site::new().await;
    let reply = site.server("admin", "imap.lillestad.se", "22", MAILBOX).await;
    assert_eq!((reply.status, site.mailbox().await.server.port), (StatusCode::UNPROCESSABLE_ENTITY, 993));
    site.server("operator", "imap.lillestad.se", "1993", MAILBOX).await;
    assert_eq!(site.mailbox().await.server.port, 1993);
}

#[tokio::test]
async fn cancelling_a_consent_changes_nothing() {
    let site = Site::new().await;
    let path = format!("/mailboxes/{MAILBOX}/consent");
    let reply = site.post("admin", &path, &[("provider", "microsoft")]).await;
    assert!(reply.to.starts_with("https://login.microsoftonline.com/"), "{reply:?}");
    let mailbox = site.mailbox().await;
    assert!(mailbox.login.is_set() && mailbox.server.host == "imap.lillestad.se", "{mailbox:?}");
}

#[tokio::test]
async fn a_customers_password_is_stored_only_for_the_server_that_was_shown() {
    let site = Site::new().await;
    let store = &site.state.deps.store;
    let (id, now) = (site.mailbox().await.id, SystemClock.now());
    let purpose = Purpose::Connect { mailbox_id: id };
    store
        .add_link(
            crate::store::NewLink {
                key_hash: &opaque::hash("key"),
                purpose: &purpose,
                creator: "admin".into(),
                expires_at: now.plus(std::time::Duration::from_mins(5)),
            },
            now,
        )
        .await
        .unwrap();
    let page = site.get("/customer/key", &[]).await;
    let shown = page.text.split("name=\"server\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(shown.contains("imap.lillestad.se"), "{shown}");
    site.server("admin", "imap.evil.se", "993", MAILBOX).await;
    let reply = site.send("/customer/key", "", &[("server", &shown), ("password", "hemligt2")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text.contains("was changed") && reply.text.contains("imap.evil.se"), "{}", reply.text);
    assert!(!site.mailbox().await.login.is_set());
    // No form stores a password that was entered while another server was shown.
    let before = site.mailbox().await;
    let expected_account = Some((before.server.clone(), before.username.clone()));
    site.server("admin", "imap.third.se", "993", MAILBOX).await;
    for (path, expected) in [("password", StatusCode::BAD_REQUEST), ("setup/login", StatusCode::UNPROCESSABLE_ENTITY)] {
        let form = [("server", shown.as_str()), ("password", "hemligt2")];
        let reply = site.post("admin", &format!("/mailboxes/{MAILBOX}/{path}"), &form).await;
        assert_eq!(reply.status, expected, "{path}");
    }
    let login = Some(NewLogin::Password("hemligt2".into()));
    let late = crate::store::Changes { login, expected_account, ..Default::default() };
    let late = store.change_mailbox(&address(MAILBOX), &late, Some(&site.state.deps.vault), now).await;
    assert!(matches!(late, Err(crate::store::StoreError::ServerChanged(_))), "even if the change is noticed late");
    site.server("admin", "imap.evil.se", "993", MAILBOX).await;
    assert!(!site.mailbox().await.login.is_set());
    // A password is not stored if it does not work, or if the server cannot be reached to try it.
    let shown = shown.replace("imap.lillestad.se", "imap.evil.se");
    let reply = site.send("/customer/key", "", &[("server", &shown), ("password", "hemligt2")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!site.mailbox().await.login.is_set());
}

#[tokio::test]
async fn a_mailbox_set_up_by_an_operator_stays_in_its_organisation() {
    let site = Site::new().await;
    let store = &site.state.deps.store;
    let other = store.organisation_named("other", SystemClock.now()).await.unwrap().id;
    let inbox = NewInbox {
        address: address("a@mail.kundo.se"), // before the other one in every list
        name: None,
        reply_from: None,
        organisation_id: Some(other),
    };
    store.add_inbox(&inbox, SystemClock.now()).await.unwrap();
    let path = format!("/mailboxes/{MAILBOX}/setup/inbox");
    let reply = site.post("operator", &path, &[("inbox", "new"), ("new", "new@mail.kundo.se")]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert_eq!(store.inbox(&address("new@mail.kundo.se")).await.unwrap().organisation_id, FIRST_ORGANISATION);
    let reply = site.post("operator", &path, &[("inbox", "a@mail.kundo.se")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.mailbox().await.organisation_id, FIRST_ORGANISATION);
    // A new mailbox belongs to the organisation that the operator chooses, not to the first by name.
    let reply = site.post("operator", "/connect", &[("address", "ny@b.invalid")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text.contains("Choose the organisation"), "{}", reply.text);
    let reply = site.post("operator", "/connect", &[("address", "ny@b.invalid"), ("organisation", "other")]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert_eq!(store.mailbox(&address("ny@b.invalid")).await.unwrap().organisation_id, other);
    let reply = site.post("operator", "/connect", &[("address", "ny3@b.invalid"), ("organisation", "othr")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "a mistyped name creates no organisation");
    assert_eq!(store.organisations().await.unwrap().len(), 2);
    let reply = site.post("admin", "/connect", &[("address", "ny2@b.invalid"), ("organisation", "other")]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert_eq!(store.mailbox(&address("ny2@b.invalid")).await.unwrap().organisation_id, FIRST_ORGANISATION);
}

#[tokio::test]
async fn spelling_variants_of_a_name_share_a_limit() {
    let site = Site::new().await;
    let mut looked = 0;
    for n in 0..40 {
        // A name with extra white space of any kind is either the same name or an invalid one.
        let blank = ["\u{2003}", "\u{a0}", " ", "\t", "\u{3000}"][n % 5].repeat(96 + n);
        let name = format!("operator{blank}{}", if n % 2 == 0 { "x" } else { "" });
        let reply = site.send("/login", "", &[("name", &name), ("password", "fel")]).await;
        assert!(!reply.status.is_server_error(), "{reply:?}");
        looked += usize::from(reply.text.contains("wrong"));
    }
    assert!(looked <= 22, "{looked} attempts: ten for the name, ten for invalid names");
    let nul = site.send("/login", "", &[("name", "a\0b"), ("password", "fel")]).await;
    assert!(!nul.status.is_server_error());
}

#[tokio::test]
async fn strangers_do_not_lock_out_a_known_browser() {
    let site = Site::new().await;
    let right = [("name", "operator"), ("password", "rätt häst batteri")];
    let reply = site.send("/login", "", &right).await;
    let known = reply.cookies.iter().find(|cookie| cookie.starts_with("__Host-browser=")).unwrap();
    let known = known.split(';').next().unwrap().to_owned();
    for _ in 0..15 {
        site.send("/login", "", &[("name", "operator"), ("password", "fel")]).await;
    }
    assert!(site.send("/login", "", &right).await.text.contains("Too many"), "an unknown browser is rate limited");
    let reply = site.send("/login", &known, &right).await;
    assert_eq!((reply.status, reply.to.as_str()), (StatusCode::SEE_OTHER, "/"), "{}", reply.text);
}

#[tokio::test]
async fn metrics_require_a_token_unless_the_server_is_local() {
    let site = Site::new().await;
    assert!(site.get("/metrics", &[]).await.text.contains(MAILBOX), "only on this machine");
    let (state, _folder) = testing::state(|config| config.http.url = "https://mailferry.example.se".to_owned()).await;
    testing::add_token(&state, "all", TokenScope::Read, None).await;
    let ours = Some(FIRST_ORGANISATION);
    testing::add_token(&state, "ours", TokenScope::Read, ours).await;
    let site = Site { router: routes::router(state.clone()), state, _folder };
    for (token, status) in [("", 401), ("Bearer nobodys", 401), ("Bearer ours", 403), ("Bearer all", 200)] {
        assert_eq!(site.get("/metrics", &[("authorization", token)]).await.status.as_u16(), status, "{token}");
    }
    assert_eq!(site.get("/healthz", &[]).await.status.as_u16(), 200);
}

#[tokio::test]
async fn switching_the_language_redirects_only_within_the_site() {
    let site = Site::new().await;
    for (back, to) in [("/\\evil.example", "/"), ("//evil.example", "/"), ("/login?next=%2F", "/login?next=%2F")] {
        let reply = site.send("/language", "", &[("language", "sv"), ("back", back)]).await;
        assert_eq!(reply.to, to);
    }
}

#[tokio::test]
async fn test_messages_are_rate_limited() {
    let site = Site::new().await;
    let path = format!("/mailboxes/{MAILBOX}/test");
    assert_eq!(site.post("admin", &path, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.post("admin", &path, &[]).await.status, StatusCode::BAD_REQUEST);
    let tests = site.state.deps.store.audit_lines(Scope::All, None, 50).await.unwrap();
    assert_eq!(tests.iter().filter(|line| line.action == "test-begun").count(), 1);
}

#[tokio::test]
async fn changing_the_trusted_certificate_forgets_the_password() {
    let pin = "ab".repeat(32);
    let rows: [(&str, &str, &str, bool); 7] = [
        // The fingerprint and encryption before, the new choice, and whether the password stays.
        ("", "implicit", "implicit ", true),
        ("", "implicit", &format!("implicit {pin}"), false),
        (&pin, "implicit", &format!("implicit {pin}"), true),
        (&pin, "implicit", "implicit ", false),
        ("", "implicit", "starttls ", false),
        ("", "starttls", "implicit ", true),
        ("", "none", "starttls ", true),
    ];
    for user in ["admin", "operator"] {
        for (before, tls, chosen, stays) in &rows {
            let site = Site::new().await;
            let pin_sha256 = Some((*before).to_owned()).filter(|pin| !pin.is_empty());
            let server =
                Server { host: "127.0.0.1".into(), port: 993, tls: tls.parse().unwrap(), ca_pem: None, pin_sha256 };
            let login = Some(NewLogin::Password("hemligt".into()));
            let changes = crate::store::Changes { server: Some(server), login, ..Default::default() };
            let vault = Some(&*site.state.deps.vault);
            site.state.deps.store.change_mailbox(&address(MAILBOX), &changes, vault, SystemClock.now()).await.unwrap();
            let (tls, pin) = chosen.split_once(' ').unwrap();
            let form = [("host", "127.0.0.1"), ("port", "993"), ("tls", tls), ("username", MAILBOX), ("pin", pin)];
            let reply = site.post(user, &format!("/mailboxes/{MAILBOX}/setup/server"), &form).await;
            assert_eq!(site.mailbox().await.login.is_set(), *stays, "{user} {before} {chosen} {reply:?}");
            assert_eq!(reply.to.ends_with("done=login-anew"), !stays, "{user} {before} {chosen} {reply:?}");
        }
    }
}

impl Site {
    /// Creates a connect link for the mailbox, and returns its page.
    async fn link(&self, key: &str) -> String {
        let (purpose, now) = (Purpose::Connect { mailbox_id: self.mailbox().await.id }, SystemClock.now());
        let later = now.plus(std::time::Duration::from_mins(5));
        self.state
            .deps
            .store
            .add_link(
                crate::store::NewLink {
                    key_hash: &opaque::hash(key),
                    purpose: &purpose,
                    creator: "admin".into(),
                    expires_at: later,
                },
                now,
            )
            .await
            .unwrap();
        format!("/customer/{key}")
    }

    async fn set_pin(&self, pin: &str) {
        let server = Server { pin_sha256: Some(pin.to_owned()), ..self.mailbox().await.server };
        let changes = crate::store::Changes { server: Some(server), ..Default::default() };
        self.state.deps.store.change_mailbox(&address(MAILBOX), &changes, None, SystemClock.now()).await.unwrap();
    }
}

fn shown_server(page: &Reply) -> String {
    page.text.split("name=\"server\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_customer_sees_which_certificate_is_trusted() {
    let site = Site::new().await;
    let path = site.link("key").await;
    let page = site.get(&path, &[]).await;
    assert!(page.text.contains("993") && page.text.contains("encrypted from the start"), "{}", page.text);
    let shown = shown_server(&page);
    let pin = "cd".repeat(32);
    site.set_pin(&pin).await;
    let reply = site.send(&path, "", &[("server", &shown), ("password", "hemligt2")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text.contains("was changed") && reply.text.contains(&format!(": {pin}")), "{}", reply.text);
    // A consent that was requested while another certificate was trusted is not stored, either.
    assert_ne!(shown_server(&reply), shown);
    for path in ["password", "setup/login"] {
        let form = [("server", shown.as_str()), ("password", "hemligt2")];
        site.post("admin", &format!("/mailboxes/{MAILBOX}/{path}"), &form).await;
        assert!(!site.mailbox().await.login.is_set(), "{path}");
    }
}

#[tokio::test]
async fn a_claimed_link_cannot_be_used_concurrently() {
    let site = Site::new().await;
    let path = site.link("key").await;
    let shown = shown_server(&site.get(&path, &[]).await);
    let (store, hash) = (&site.state.deps.store, opaque::hash("key"));
    let claim = store.claim_link(&hash, SystemClock.now()).await.unwrap().unwrap();
    let form = [("server", shown.as_str()), ("password", "hemligt2")];
    let reply = site.send(&path, "", &form).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text.contains("in use right now"), "{}", reply.text);
    store.release_link(&claim).await.unwrap();
    // A wrong password does not use up the link.
    for _ in 0..2 {
        let reply = site.send(&path, "", &form).await;
        assert!(reply.text.contains("cannot be reached"), "{}", reply.text);
        assert!(store.link(&hash, SystemClock.now()).await.unwrap().is_some());
    }
    assert!(store.claim_link(&hash, SystemClock.now()).await.unwrap().is_some(), "the claim is released");
}

#[tokio::test]
async fn another_login_name_requires_a_new_consent() {
    for user in ["admin", "operator"] {
        let site = Site::new().await;
        site.opened_with(GrantKind::Delegated).await;
        assert!(!site.mailbox().await.needs_consent);
        let reply = site.server(user, "outlook.office365.com", "993", MAILBOX).await;
        assert!(!site.mailbox().await.needs_consent, "{user}: the same response {reply:?}");
        let reply = site.server(user, "outlook.office365.com", "993", "hr@lillestad.se").await;
        assert!(reply.to.ends_with("/setup/login?done=login-anew"), "{user} {reply:?}");
        let mailbox = site.mailbox().await;
        assert!(mailbox.needs_consent && mailbox.username == "hr@lillestad.se", "{user}");
        let refused = crate::poll::folders::folders(&mailbox, &site.state.deps).await.unwrap_err();
        assert!(refused.message.contains("another login name"), "{user} {}", refused.message);
        // A tenant's own certificate must not be trusted with a provider's tokens.
        let form = [
            ("host", "outlook.office365.com"),
            ("port", "993"),
            ("tls", "implicit"),
            ("username", "hr@lillestad.se"),
            ("pin", &"ab".repeat(32)),
        ];
        let reply = site.post(user, &format!("/mailboxes/{MAILBOX}/setup/server"), &form).await;
        let is_refused = reply.status == StatusCode::UNPROCESSABLE_ENTITY;
        assert_eq!(is_refused, user == "admin", "{user} {reply:?}");
    }
}

#[tokio::test]
async fn an_invitation_does_not_reveal_who_has_an_account() {
    let site = Site::new().await;
    let (store, now) = (&site.state.deps.store, SystemClock.now());
    let other = store.organisation_named("other", now).await.unwrap().id;
    for (name, organisation_id) in [("here", FIRST_ORGANISATION), ("elsewhere", other)] {
        let organisation_id = Some(organisation_id);
        let new = NewPerson { name, role: Role::Viewer, organisation_id, password_hash: None, language: "", zone: "" };
        store.add_person(&new, now).await.unwrap();
    }
    let later = now.plus(std::time::Duration::from_mins(5));
    for (key, organisation) in [("ours", FIRST_ORGANISATION), ("theirs", other)] {
        let purpose = Purpose::Invite { role: Role::Viewer, organisation_id: Some(organisation) };
        store
            .add_link(
                crate::store::NewLink {
                    key_hash: &opaque::hash(key),
                    purpose: &purpose,
                    creator: "operator".into(),
                    expires_at: later,
                },
                now,
            )
            .await
            .unwrap();
    }
    let follow = async |key: &str, name: &str| {
        let form = [("name", name), ("password", "rätt häst batteri"), ("again", "rätt häst batteri")];
        site.send(&format!("/invitation/{key}"), "", &form).await
    };
    let outcomes: Vec<(StatusCode, String)> = [follow("ours", "here").await, follow("ours", "elsewhere").await]
        .into_iter()
        .zip(["here", "elsewhere"])
        .map(|(reply, name)| (reply.status, reply.text.replace(name, "NAME")))
        .collect();
    assert_eq!(outcomes[0], outcomes[1], "the owner is not revealed");
    assert!(outcomes[0].1.contains("cannot be used"), "{}", outcomes[0].1);
    // The number of attempts is limited.
    let mut asked = 2;
    while !follow("ours", "elsewhere").await.text.contains("Too many") {
        asked += 1;
        assert!(asked < 100);
    }
    assert_eq!(asked, 10);
    assert_eq!(follow("theirs", "bo").await.status, StatusCode::SEE_OTHER, "the link of another organisation works");
    assert!(store.link(&opaque::hash("ours"), now).await.unwrap().is_some(), "the link still works");
}

#[tokio::test]
async fn revoking_a_token_can_revoke_the_tokens_created_with_it() {
    let site = Site::new().await;
    let (store, now) = (&site.state.deps.store, SystemClock.now());
    let ours = Some(FIRST_ORGANISATION);
    let parent = store
        .add_token(
            crate::store::NewToken {
                name: "parent",
                hash: b"1",
                scope: TokenScope::Write,
                organisation_id: ours,
                creator: "admin".into(),
            },
            now,
        )
        .await
        .unwrap();
    let creator = crate::store::Creator { who: "admin", token: Some(parent) };
    let child = store
        .add_token(
            crate::store::NewToken {
                name: "child",
                hash: b"2",
                scope: TokenScope::Write,
                organisation_id: ours,
                creator,
            },
            now,
        )
        .await
        .unwrap();
    let creator = crate::store::Creator { who: "admin", token: Some(child) };
    store
        .add_token(
            crate::store::NewToken {
                name: "grandchild",
                hash: b"3",
                scope: TokenScope::Write,
                organisation_id: ours,
                creator,
            },
            now,
        )
        .await
        .unwrap();
    let session = site.session("admin").await;
    let page = site.get("/settings", &[("cookie", &session)]).await.text;
    assert!(page.contains("created with it: child, grandchild") && page.contains("created with parent"), "{page}");
    let names = async || -> Vec<String> {
        store.tokens(Scope::All).await.unwrap().into_iter().map(|token| token.name).collect()
    };
    site.post("admin", "/settings/tokens/revoke", &[("name", "child"), ("token", &child.to_string())]).await;
    assert_eq!(names().await, ["grandchild", "parent"]);
    let form = [("name", "parent"), ("token", &parent.to_string()), ("with_made", "1")];
    assert_eq!(site.post("admin", "/settings/tokens/revoke", &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(names().await, [""; 0]);
    let lines = store.audit_lines(Scope::All, None, 10).await.unwrap();
    let outcomes: Vec<String> = lines
        .iter()
        .filter(|line| line.action == "token-revoked")
        .map(|line| line.detail(crate::locale::Language::English))
        .collect();
    assert_eq!(
        outcomes,
        ["tokens created with it, revoked too: grandchild", "tokens created with it, still valid: grandchild"]
    );
}
