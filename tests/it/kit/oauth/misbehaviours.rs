//! The misbehaviours of the scripted identity provider.

use serde_json::json;

use super::{CurlResponse, USER, VERIFIER, application, curl, link, post, redeem, refresh};
use crate::support::{
    browser::Browser,
    identity_provider::{Endpoint, IdentityProvider, Misbehaviour},
    oauth_client::CLIENT_ID,
};

/// Requests a token with client credentials, with these additional options for curl.
fn ask(provider: &IdentityProvider, options: &[&str]) -> CurlResponse {
    let form = ["--data", "grant_type=client_credentials", "--user", "mailferry:s3cret-of-the-app"];
    curl(&format!("{}/token", provider.base()), &[&form, options].concat())
}

#[test]
fn configured_responses_are_sent_in_order_and_then_normal_ones() {
    let provider = IdentityProvider::start(USER);
    let busy = Misbehaviour::Status(429, vec![("Retry-After", "7".to_owned())], "busy".to_owned());
    let expired = Misbehaviour::Error("invalid_grant", "AADSTS700082: the refresh token has expired");
    let unknown = Misbehaviour::Error("invalid_client", "AADSTS7000222: the secret has expired");
    provider.misbehave(Endpoint::Token, vec![busy, expired, unknown, Misbehaviour::Html]);
    let seen = ask(&provider, &["--include"]);
    assert!(seen.status == 429 && seen.body.contains("Retry-After: 7\r\n") && seen.body.ends_with("busy"), "{seen:?}");
    let seen = ask(&provider, &[]);
    assert_eq!(seen.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(seen.json()["error_codes"], json!([700_082]));
    assert_eq!(seen.json()["error_description"], "AADSTS700082: the refresh token has expired");
    assert_eq!(ask(&provider, &[]).error(), (401, "invalid_client".to_owned()));
    let seen = ask(&provider, &["--include"]);
    assert!(seen.status == 200 && seen.body.contains("text/html") && seen.body.contains("<title>"), "{seen:?}");
    assert_eq!(ask(&provider, &[]).status, 200);
    assert_eq!(provider.requests(Endpoint::Token).len(), 5);
}

/// The exit codes are curl's: 18 partial answer, 28 timeout, 52 no answer, 63 too large.
#[test]
fn responses_can_be_lost_or_endless() {
    let provider = IdentityProvider::start(USER);
    use Misbehaviour::{Cut, Drip, Huge, Silent, Truncated};
    provider.misbehave(Endpoint::Token, vec![Cut, Truncated, Silent, Drip]);
    assert_eq!(ask(&provider, &[]).code, 52);
    let seen = ask(&provider, &[]);
    assert!(seen.code == 18 && seen.body.starts_with('{') && !seen.body.ends_with('}'), "{seen:?}");
    assert_eq!(provider.issued().access_tokens.len(), 2, "both requests were received");
    let seen = ask(&provider, &["--max-time", "1"]);
    assert_eq!((seen.code, seen.status), (28, 0));
    let seen = ask(&provider, &["--max-time", "3"]);
    assert_eq!((seen.code, seen.status), (28, 200));
    assert!((1..=4).contains(&seen.body.len()), "a byte a second: {seen:?}");

    provider.misbehave(Endpoint::Token, vec![Huge]);
    let bytes = ask(&provider, &["--output", "/dev/null", "--write-out", "\n%{size_download}\n200"]);
    assert!(bytes.code == 0 && bytes.body.trim().parse::<u64>().unwrap() > 1 << 30, "{bytes:?}");
    assert_eq!(ask(&provider, &[]).status, 200);
}

#[test]
fn a_waiting_client_is_disconnected_when_the_provider_ends() {
    let provider = IdentityProvider::start(USER);
    provider.misbehave(Endpoint::Token, vec![Misbehaviour::Silent]);
    let url = format!("{}/token", provider.base());
    let client = std::thread::spawn(move || curl(&url, &["--data", "grant_type=none", "--max-time", "60"]));
    let asked = || (!provider.requests(Endpoint::Token).is_empty()).then_some(());
    crate::support::wait::until("the request", std::time::Duration::from_secs(60), asked);
    drop(provider);
    assert_eq!(client.join().unwrap().code, 52);
}

#[test]
fn a_lost_response_has_consumed_the_refresh_token() {
    let provider = IdentityProvider::start(USER);
    let (base, redirect_uri) = (provider.base(), application());
    let page = Browser::new().open(&link(&base, &redirect_uri));
    let token = redeem(&base, &page.parameter("code").unwrap(), &redirect_uri, VERIFIER).text("refresh_token");
    provider.misbehave(Endpoint::Token, vec![Misbehaviour::Cut]);
    assert_eq!(refresh(&base, &token).code, 52);
    let lost = provider.issued().refresh_tokens.pop().unwrap();
    assert_ne!(lost, token);
    assert_eq!(refresh(&base, &token).error(), (400, "invalid_grant".to_owned()));
}

#[test]
fn a_redirect_makes_the_client_repeat_its_whole_request_elsewhere() {
    let (provider, elsewhere) = (IdentityProvider::start(USER), IdentityProvider::start(USER));
    let redirect = || Misbehaviour::Redirect(format!("{}/token", elsewhere.base()));
    provider.misbehave(Endpoint::Token, vec![redirect(), redirect()]);
    assert_eq!(ask(&provider, &[]).status, 307);
    assert!(elsewhere.requests(Endpoint::Token).is_empty());
    ask(&provider, &["--location"]);
    assert_eq!(elsewhere.requests(Endpoint::Token)[0]["grant_type"], "client_credentials");
}

#[test]
fn a_consent_can_return_with_an_error() {
    let provider = IdentityProvider::start(USER);
    let denied = Misbehaviour::Denied("access_denied", "AADSTS65004: User declined to consent");
    provider.misbehave(Endpoint::Authorize, vec![Misbehaviour::WrongState, Misbehaviour::WrongIssuer, denied]);
    let open = || Browser::new().open(&link(&provider.base(), &application()));
    let page = open();
    assert_eq!(page.parameter("state").unwrap(), "of-another-consent");
    assert!(page.parameter("code").is_some());
    let page = open();
    assert_eq!(page.parameter("iss").unwrap(), "https://login.example.org");
    assert_eq!(page.parameter("state").unwrap(), "state-of-it");
    let page = open();
    assert_eq!(page.parameter("error").unwrap(), "access_denied");
    assert_eq!(page.parameter("error_description").unwrap(), "AADSTS65004: User declined to consent");
    assert!(page.parameter("code").is_none());
    assert_eq!(open().parameter("iss").unwrap(), provider.base());
}

#[test]
fn a_device_must_wait_or_is_refused() {
    use Misbehaviour::{AccessDenied, Expired, Pending, SlowDown};
    let provider = IdentityProvider::start(USER);
    let device = post(&format!("{}/devicecode", provider.base()), &[("client_id", CLIENT_ID), ("scope", "mail")]);
    let code = device.text("device_code");
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let poll = || post(&format!("{}/token", provider.base()), &[("grant_type", grant), ("device_code", &code)]);
    provider.misbehave(Endpoint::Token, vec![Pending, SlowDown, AccessDenied, Expired]);
    for error in ["authorization_pending", "slow_down", "access_denied", "expired_token"] {
        assert_eq!(poll().error(), (400, error.to_owned()));
    }
    assert!(!poll().text("access_token").is_empty());
}
