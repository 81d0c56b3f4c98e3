//! Goes through the endpoint table and checks the access to every endpoint.

use axum::http::StatusCode;
use serde_json::json;

use super::*;
use crate::http::api::auth::TokenAccess;
use crate::http::api::{Endpoint, endpoint_table};

impl World {
    /// The path for the first organisation's object.
    fn path(&self, endpoint: &Endpoint) -> String {
        let object = if endpoint.path.starts_with("/inboxes") { INBOX } else { MAILBOX };
        let name = if endpoint.path.starts_with("/users") { USER } else { "spare" };
        let id = match endpoint.path {
            path if path.contains("/tests/") => self.test,
            path if path.starts_with("/targets") || path.starts_with("/deliveries") => self.target,
            _ => self.message,
        };
        let path = endpoint.path.replace("{address}", object).replace("{id}", &id.to_string());
        path.replace("{recipient}", RECIPIENT).replace("{inbox}", INBOX).replace("{name}", name).replace("{index}", "0")
    }

    async fn walk(&self, endpoint: &Endpoint, token: &str) -> Reply {
        let body = (endpoint.method != "GET").then(|| json!({}));
        self.ask(endpoint.method.as_str(), &self.path(endpoint), token, &[("cookie", "__Host-mailferry=x")], body).await
    }
}

fn is_problem(reply: &Reply, endpoint: &Endpoint) {
    let problem = reply.json();
    assert_eq!(reply.header("content-type"), "application/problem+json", "{} {}", endpoint.method, endpoint.path);
    assert_eq!(problem["status"], reply.status.as_u16(), "{problem}");
    assert!(problem["type"].as_str().unwrap().starts_with("urn:mailferry:problem:"), "{problem}");
}

#[tokio::test]
async fn every_endpoint_requires_a_valid_token() {
    let world = World::new().await;
    for endpoint in endpoint_table().iter().filter(|endpoint| endpoint.access != TokenAccess::Public) {
        for token in ["", "mf_unknown"] {
            let reply = world.walk(endpoint, token).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{} {}", endpoint.method, endpoint.path);
            assert!(reply.header("www-authenticate").starts_with("Bearer "), "{}", endpoint.path);
            is_problem(&reply, endpoint);
        }
    }
}

#[tokio::test]
async fn a_read_token_cannot_change_anything() {
    let world = World::new().await;
    for endpoint in endpoint_table().iter().filter(|endpoint| endpoint.method != "GET") {
        assert!(
            matches!(endpoint.access, TokenAccess::Write | TokenAccess::WriteAll),
            "{} {}",
            endpoint.method,
            endpoint.path
        );
        for token in ["ours-read", "all-read"] {
            let reply = world.walk(endpoint, token).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{} {}", endpoint.method, endpoint.path);
            is_problem(&reply, endpoint);
        }
    }
}

#[tokio::test]
async fn objects_of_other_organisations_are_not_found() {
    let world = World::new().await;
    for endpoint in endpoint_table().iter().filter(|endpoint| endpoint.path.contains('{')) {
        let reply = world.walk(endpoint, "theirs-write").await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{} {}: {}", endpoint.method, endpoint.path, reply.text());
        is_problem(&reply, endpoint);
    }
    // Lists do not contain objects of other organisations, either.
    for endpoint in endpoint_table().iter().filter(|endpoint| endpoint.method == "GET" && !endpoint.path.contains('{'))
    {
        let path = format!("{}{}", endpoint.path, if endpoint.path == "/search" { "?q=number" } else { "" });
        let reply = world.ask("GET", &path, "theirs-write", &[], None).await;
        if matches!(endpoint.access, TokenAccess::ReadAll) {
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
            continue;
        }
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        let text = reply.text();
        let is_there = [MAILBOX, INBOX, USER, "ours-", "all-"].iter().any(|name| text.contains(name));
        assert!(!is_there || path == "/openapi.json", "{path}: {text}");
    }
}

#[tokio::test]
async fn authorised_requests_are_answered() {
    let world = World::new().await;
    for token in ["ours-write", "all-write"] {
        for endpoint in endpoint_table() {
            let reply = world.walk(&endpoint, token).await;
            let is_for_all =
                matches!(endpoint.access, TokenAccess::ReadAll | TokenAccess::WriteAll) && token != "all-write";
            let expected = match endpoint.method.as_str() {
                _ if is_for_all => vec![403],
                "DELETE" | "PATCH" => vec![428],
                // The body is missing, or nothing listens at the customer's server.
                "POST" => vec![200, 201, 202, 204, 409, 422],
                _ if endpoint.access == TokenAccess::Write => vec![409],
                _ if endpoint.path == "/search" => vec![400],
                _ => vec![200],
            };
            let status = reply.status.as_u16();
            assert!(expected.contains(&status), "{} {}: {status} {}", endpoint.method, endpoint.path, reply.text());
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::new().await;
    for path in ["", "/", "/nothing", "/inboxes/", "/inboxes/a@b.se/nothing/at/all"] {
        let reply = world.ask("GET", path, "all-write", &[], None).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (StatusCode::NOT_FOUND, "application/problem+json"),
            "{path}"
        );
    }
    let reply = world.ask("PUT", "/inboxes", "all-write", &[], None).await;
    assert_eq!((reply.status, reply.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, POST"));
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let reply = world.ask("OPTIONS", "/inboxes", "", &[("origin", "https://evil.example")], None).await;
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "CORS is not enabled");
}
