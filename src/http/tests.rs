//! Tests of the checks that run before every handler: U+0000, passwords over unencrypted connections, and guessed
//! passwords.

mod login_limit;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use tower::ServiceExt;

use super::{State, routes, testing};
use crate::config::Config;
use crate::password;
use crate::store::{FIRST_ORGANISATION, NewPerson, Role, TokenScope};

const PASSWORD: &str = "correct horse battery";
const PROXY: &str = "10.0.0.1:1234";
const STRANGER: &str = "192.0.2.1:1234";

async fn world(adjust: impl FnOnce(&mut Config)) -> (State, TempDir) {
    let (state, folder) = testing::state(adjust).await;
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    for (name, scope, whose) in
        [("all", TokenScope::Write, None), ("ours", TokenScope::Write, Some(FIRST_ORGANISATION))]
    {
        testing::add_token(&state, name, scope, whose).await;
    }
    let hash = password::hash(SecretString::from(PASSWORD.to_owned())).await.unwrap();
    let new = NewPerson {
        name: "anna",
        role: Role::Operator,
        organisation_id: None,
        password_hash: Some(&hash),
        language: "en",
        zone: "",
    };
    store.add_person(&new, now).await.unwrap();
    (state, folder)
}

async fn send(state: &State, request: axum::http::request::Builder, peer: &str, body: String) -> Response {
    let peer = ConnectInfo(peer.parse::<SocketAddr>().unwrap());
    let request = request.extension(peer).header("host", "localhost:8025").body(Body::from(body)).unwrap();
    routes::router(state.clone()).oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn form(path: &str) -> axum::http::request::Builder {
    let form = "application/x-www-form-urlencoded";
    Request::post(path)
        .header("content-type", form)
        .header("sec-fetch-site", "same-origin")
        .header("accept-language", "en")
}

fn api(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    request.header("authorization", format!("Bearer {token}")).header("content-type", "application/json")
}

fn mailbox(host: &str) -> String {
    json!({"address": "a@b.se", "inbox": "i@b.se", "host": host, "port": 143, "tls": "none", "password": "geheim"})
        .to_string()
}

#[tokio::test]
async fn the_api_rejects_passwords_over_unencrypted_connections() {
    let proxies = |config: &mut Config| config.http.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let (state, _folder) = world(proxies).await;
    state
        .deps
        .store
        .add_inbox(
            &crate::store::NewInbox {
                address: "i@b.se".parse().unwrap(),
                name: None,
                reply_from: None,
                organisation_id: None,
            },
            state.deps.clock.now(),
        )
        .await
        .unwrap();
    for (peer, proto, is_taken) in [
        (STRANGER, None, false),
        (STRANGER, Some("https"), false),
        (PROXY, None, false),
        (PROXY, Some("http"), false),
        (PROXY, Some("https"), true),
        ("127.0.0.1:1", None, true),
        ("[::1]:1", None, true),
    ] {
        let case = format!("{peer} {proto:?}");
        let with = |request: axum::http::request::Builder| match proto {
            Some(proto) => request.header("x-forwarded-proto", proto).header("x-forwarded-for", "192.0.2.9"),
            None => request,
        };
        let body = json!({"password": "geheim"}).to_string();
        let response = send(&state, with(api("PATCH", "/mailboxes/a@b.se", "all")), peer, body).await;
        let expected = if is_taken { StatusCode::NOT_FOUND } else { StatusCode::UNPROCESSABLE_ENTITY };
        assert_eq!(response.status(), expected, "{case}");
        let body_text = text(response).await;
        assert!(is_taken || (body_text.contains("https") && !body_text.contains("geheim")), "{case}: {body_text}");
        // A request without a password may come over any connection.
        let response = send(&state, with(api("GET", "/mailboxes", "all")), peer, String::new()).await;
        assert_eq!(response.status(), StatusCode::OK, "{case}");
    }
    // The secrets of targets are passwords too.
    for (body, field) in [
        (json!({"url": "smtp://relay.example", "username": "a", "secret": "geheim"}), "/secret"),
        (json!({"look_password": "geheim"}), "/look_password"),
        (json!([{"a": 1}, {"b": {"old_secret": "geheim"}}]), "/1/b/old_secret"),
    ] {
        let response = send(&state, api("PATCH", "/targets/1", "all"), STRANGER, body.to_string()).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        let answer = text(response).await;
        assert!(answer.contains(&format!("\"{field}\"")) && !answer.contains("geheim"), "{answer}");
    }
    let body = json!({"secret": null, "concurrency": 2}).to_string();
    let response = send(&state, api("PATCH", "/targets/1", "all"), STRANGER, body).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    // The operator can allow unencrypted passwords.
    let (state, _folder) = world(|config| config.http.passwords_in_clear = true).await;
    let body = json!({"password": "geheim"}).to_string();
    let response = send(&state, api("PATCH", "/mailboxes/a@b.se", "all"), STRANGER, body).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_an_operator_can_choose_a_remote_server_without_tls() {
    let (state, _folder) = world(|_| {}).await;
    let inbox = crate::store::NewInbox {
        address: "i@b.se".parse().unwrap(),
        name: None,
        reply_from: None,
        organisation_id: None,
    };
    state.deps.store.add_inbox(&inbox, state.deps.clock.now()).await.unwrap();
    for (token, host, status) in [
        ("ours", "imap.b.se", StatusCode::UNPROCESSABLE_ENTITY),
        ("ours", "192.0.2.7", StatusCode::UNPROCESSABLE_ENTITY),
        ("ours", "127.0.0.1", StatusCode::CREATED),
        ("all", "imap.b.se", StatusCode::CREATED),
    ] {
        let response = send(&state, api("POST", "/mailboxes", token), "127.0.0.1:1", mailbox(host)).await;
        assert_eq!(response.status(), status, "{token} {host}");
        let body_text = text(response).await;
        assert!(status == StatusCode::CREATED || body_text.contains("/tls"), "{body_text}");
        let removal = api("DELETE", "/mailboxes/a@b.se", "all").header("if-match", "*");
        send(&state, removal, "127.0.0.1:1", String::new()).await;
    }
}

#[tokio::test]
async fn pages_and_api_reject_nul_everywhere() {
    let (state, _folder) = world(|_| {}).await;
    for path in ["/login?next=%00", "/inboxes/%00", "/search?q=a%00", "/assets/1/%00", "/nowhere%00"] {
        let response =
            send(&state, Request::get(path).header("accept-language", "en"), "127.0.0.1:1", String::new()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert!(text(response).await.contains("U+0000"), "{path}");
    }
    for body in ["name=%00&password=x", "name=a&password=%00", "name=a\0"] {
        let response = send(&state, form("/login"), "127.0.0.1:1", body.to_owned()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body:?}");
        assert!(text(response).await.contains("U+0000"), "{body:?}");
    }
    for (method, path, body) in [
        ("GET", "/search?q=%00", ""),
        ("GET", "/inboxes/a%00", ""),
        ("GET", "/nowhere/%00", ""),
        ("GET", "/openapi.json?a=%00", ""),
        ("DELETE", "/tokens/%00", ""),
        ("POST", "/inboxes", r#"{"address":"a@b.se","name":"a\u0000"}"#),
        ("POST", "/tokens", r#"{"name":"\u0000","scope":"read"}"#),
        ("POST", "/organisations", r#"{"name":"a\u0000b"}"#),
        ("POST", "/discover", r#"{"address":"a\u0000@b.se"}"#),
        ("POST", "/mailboxes", r#"{"address":"a@b.se","folders":["\u0000"]}"#),
    ] {
        let request = api(method, path, "all").header("if-match", "*");
        let response = send(&state, request, "127.0.0.1:1", body.to_owned()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{method} {path}");
        assert!(text(response).await.contains("U+0000"), "{method} {path}");
    }
}

#[tokio::test]
async fn strangers_behind_the_same_address_do_not_lock_out_a_known_browser() {
    let (state, _folder) = world(|_| {}).await;
    let log_in = |name: &str, password: &str, cookie: &str| {
        let body = format!("name={name}&password={}", password.replace(' ', "+"));
        let request = form("/login").header("cookie", cookie.to_owned());
        let state = state.clone();
        async move { send(&state, request, "127.0.0.1:1", body).await }
    };
    let response = log_in("anna", PASSWORD, "").await;
    let cookies = response.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
    let mut browser = cookies.filter_map(|line| line.split(';').next().map(str::to_owned));
    let browser = browser.find(|pair| pair.starts_with("__Host-browser")).expect("a known browser");
    let mut waits = false;
    for n in 0..40 {
        let body_text = text(log_in(&format!("nobody{n}"), "wrong", "").await).await;
        waits |= !body_text.contains("is wrong");
    }
    assert!(waits, "the address is rate limited");
    let response = log_in("anna", PASSWORD, "").await;
    assert_ne!(response.status(), StatusCode::SEE_OTHER, "an unknown browser shares the limit of its address");
    let response = log_in("anna", PASSWORD, &browser).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", text(response).await);
    // A browser is known only for users who have signed in from it, and their failed attempts are counted, too.
    assert_ne!(log_in("bo", PASSWORD, &browser).await.status(), StatusCode::SEE_OTHER);
    let mut waits = false;
    for _ in 0..12 {
        waits |= !text(log_in("anna", "wrong", &browser).await).await.contains("is wrong");
    }
    assert!(waits, "failed attempts in a known browser are limited, too");
}
