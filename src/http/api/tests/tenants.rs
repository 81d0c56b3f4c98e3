//! Tests of what a tenant cannot obtain through the API: the names of other tenants' tokens, a password (by changing the
//! trusted certificate), or another mailbox (through an existing consent).

use axum::http::StatusCode;
use serde_json::json;

use super::*;
use crate::clock::Timestamp;
use crate::store::{Flow, GrantKey, GrantKind, Login, SealedTokens};

const PIN: &str = "abababababababababababababababababababababababababababababababab";

impl World {
    async fn patch(&self, body: Value) -> Reply {
        self.ask("PATCH", &format!("/mailboxes/{MAILBOX}"), "ours-write", &[("if-match", "*")], Some(body)).await
    }

    async fn create(&self, body: Value) -> Reply {
        self.ask("POST", "/mailboxes", "ours-write", &[], Some(body)).await
    }
}

#[tokio::test]
async fn token_names_are_per_organisation_and_revoking_lists_created_tokens() {
    let world = World::new().await;
    let made = async |token: &str, name: &str| {
        world.ask("POST", "/tokens", token, &[], Some(json!({ "name": name, "scope": "write" }))).await
    };
    for (token, status) in
        [("ours-write", 201), ("ours-write", 409), ("theirs-write", 201), ("theirs-write", 409), ("all-write", 201)]
    {
        assert_eq!(made(token, "import").await.status.as_u16(), status, "{token}");
    }
    let delete = async |path: &str, token: &str| world.ask("DELETE", path, token, &[("if-match", "*")], None).await;
    let child = made("ours-write", "child").await.json()["token"].as_str().unwrap().to_owned();
    let grandchild = made(&child, "grandchild").await.json()["token"].as_str().unwrap().to_owned();
    let works = async |token: &str| world.ask("GET", "/inboxes", token, &[], None).await.status == StatusCode::OK;
    assert_eq!(world.get("/tokens/grandchild").await.json()["made_by"], "child");
    let reply = delete("/tokens/child", "ours-write").await;
    assert_eq!(
        (reply.status, reply.json()),
        (StatusCode::OK, json!({ "name": "child", "made": ["grandchild"], "made_revoked": false }))
    );
    assert!(!works(&child).await && works(&grandchild).await);
    let reply = delete("/tokens/ours-write?with_made=true", "ours-write").await.json();
    assert_eq!(reply["made"], json!(["grandchild", "import"]));
    assert!(!works(&grandchild).await && !works("ours-write").await && works("theirs-write").await);
    // If several organisations have a token with this name, a caller that sees all of them names the organisation.
    assert_eq!(delete("/tokens/import?organisation=other", "all-write").await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.ask("GET", "/tokens/import", "theirs-write", &[], None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(delete("/tokens/import", "all-write").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn changing_the_trusted_certificate_requires_the_password() {
    for (body, pointer) in [
        (json!({ "pin_sha256": PIN }), "/pin_sha256"),
        (json!({ "tls": "starttls", "port": 1 }), "/tls"),
        (json!({ "tls": "none", "port": 1 }), "/tls"),
        (json!({ "host": "imap.evil.se" }), "/host"),
        (json!({ "port": 993 }), "/port"),
    ] {
        let world = World::new().await;
        let refused = world.patch(body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
        let mut with = body.clone();
        with["password"] = json!("given for it");
        assert_eq!(world.patch(with).await.status, StatusCode::OK, "{body}");
    }
    let world = World::new().await;
    assert_eq!(world.patch(json!({ "pin_sha256": PIN, "password": "x" })).await.status, StatusCode::OK);
    assert_eq!(
        world.patch(json!({ "pin_sha256": PIN.to_uppercase() })).await.status,
        StatusCode::OK,
        "the same fingerprint"
    );
    for body in [json!({ "pin_sha256": null }), json!({ "pin_sha256": PIN.replace("ab", "cd") })] {
        assert_eq!(world.patch(body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn a_consent_grants_access_only_to_the_mailbox_it_was_given_for() {
    let (state, folder) = testing::state(|config| {
        let mut app = config.oauth.providers["microsoft"].clone();
        app.client_id = "app".to_owned();
        config.oauth.providers.insert("microsoft".to_owned(), app);
    })
    .await;
    let world = World { router: routes::router(state.clone()), state, message: 0, target: 0, test: 0, _folder: folder };
    let (store, now) = (world.store(), world.now());
    let ours = Some(FIRST_ORGANISATION);
    testing::add_token(&world.state, "ours-write", TokenScope::Write, ours).await;
    world.fill().await;
    // A consent exists for one mailbox.
    let key = GrantKey { provider: "microsoft".into(), kind: GrantKind::Delegated, identity: MAILBOX.into() };
    let server = Server::on_default_port("outlook.office365.com".to_owned(), TlsMode::Implicit);
    let changes =
        crate::store::Changes { server: Some(server), login: Some(NewLogin::OAuth(key)), ..Default::default() };
    store.change_mailbox(&MAILBOX.parse().unwrap(), &changes, None, now).await.unwrap();
    let mailbox = async || world.store().mailbox(&MAILBOX.parse().unwrap()).await.unwrap();
    let Login::OAuth { grant_id, .. } = mailbox().await.login else { panic!("the mailbox has a consent") };
    let life = Timestamp(now.0 + 3_600_000);
    let tokens = SealedTokens {
        access: vec![1],
        refresh: Some(vec![2]),
        expires_at: life,
        renew_at: life,
        consent_ends_at: None,
    };
    assert!(store.store_consent(grant_id, Flow::Code, &tokens, now).await.unwrap());
    assert_eq!(world.patch(json!({ "interval": "90s" })).await.json()["oauth"]["state"], "connected");
    // A new login name requires a new consent, even if the request names the account of the old one.
    for body in [
        json!({ "username": "hr@lillestad.se" }),
        json!({ "username": "ekonomi@lillestad.se", "oauth": { "provider": "microsoft", "login_identity": MAILBOX } }),
    ] {
        store.record_consent(mailbox().await.id, &mailbox().await.username, now).await.unwrap();
        let reply = world.patch(body.clone()).await;
        assert_eq!(reply.json()["oauth"]["state"], "needs-consent", "{body} {}", reply.text());
        let reply = world.patch(json!({ "interval": "60s" })).await;
        assert_eq!(reply.json()["oauth"]["state"], "needs-consent", "independently of other changes");
    }
    // A new mailbox of the same account requires a new consent, too.
    let body = json!({
        "address": "hr@lillestad.se", "inbox": INBOX, "username": "hr@lillestad.se",
        "oauth": { "provider": "microsoft", "login_identity": MAILBOX },
    });
    let reply = world.create(body).await;
    assert_eq!((reply.status, reply.json()["oauth"]["state"].clone()), (StatusCode::CREATED, json!("needs-consent")));
    // A tenant's own certificate must not be trusted with a provider's tokens.
    for body in [json!({ "pin_sha256": PIN }), json!({ "pin_sha256": PIN, "oauth": { "provider": "microsoft" } })] {
        assert_eq!(world.patch(body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn error_texts_escape_control_characters_and_data_keeps_them() {
    let world = World::new().await;
    let nasty = "x\u{202e}\u{9b}31m\u{2066}\u{200b}y";
    let sent = async |body: Value| world.create(body).await.text();
    let wrong =
        sent(json!({ "address": format!("{nasty}@b@c"), "inbox": nasty, "host": nasty, "password": "x" })).await;
    assert!(!wrong.contains(['\u{202e}', '\u{9b}', '\u{2066}', '\u{200b}']), "{wrong}");
    let token = json!({ "name": "jobb\u{202e}\u{2066}\u{200b}", "scope": "read" });
    let made = world.ask("POST", "/tokens", "ours-write", &[], Some(token.clone())).await;
    assert_eq!(made.json()["name"], token["name"], "a name is returned as it was stored");
    let again = world.ask("POST", "/tokens", "ours-write", &[], Some(token)).await;
    assert_eq!(again.json()["detail"], "the token jobb already exists");
    let inbox = json!({ "name": format!("jobb\u{202e}") });
    let named = world.ask("PATCH", &format!("/inboxes/{INBOX}"), "ours-write", &[("if-match", "*")], Some(inbox)).await;
    assert_eq!(named.json()["name"], "jobb\u{202e}", "stored values are returned unchanged");
    // Simulate an older version, which stored the text of a server unescaped.
    let error = json!({ "step": "login", "blame": "mailbox", "message": nasty, "about": {} });
    let last_error = crate::http::page::last_error::LastError::from_json(&error.to_string());
    assert_eq!(last_error.detail(), "x  31m  y");
}

#[tokio::test]
async fn a_tenant_cannot_tell_a_forbidden_target_from_a_missing_one() {
    let world = World::new().await;
    let path = format!("/targets/{}/test", world.target);
    let problem = async |token: &str| {
        let reply = world.ask("POST", &path, token, &[], Some(json!({}))).await;
        reply.json()["problem"].as_str().unwrap().to_owned()
    };
    let (ours, all) = (problem("ours-write").await, problem("all-write").await);
    assert!(ours.contains("cannot be resolved") && !ours.contains("egress"), "{ours}");
    assert!(all.contains("egress.allow"), "{all}");
}
