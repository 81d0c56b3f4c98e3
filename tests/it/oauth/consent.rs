//! Failures while a person consents: each has its cause and its text in the browser and on the command line, and nothing is stored.

use super::{connect_mailbox, consent, token_server, unconnected};
use crate::support::{
    browser::Browser,
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    identity_provider::{Endpoint, IdentityProvider, Misbehaviour},
    mailferry::Mailferry,
};

fn assert_unconnected(mailferry: &Mailferry, about: &str) {
    let status = mailferry.json(&["oauth", "status"]).remove(0);
    assert_eq!(text(&status, "state"), "not-connected", "{about}: {status}");
}

#[test]
fn a_failed_consent_is_reported_in_the_browser_and_on_the_command_line_and_stores_nothing() {
    use Misbehaviour::{Denied, WrongIssuer, WrongState};
    let server = token_server();
    let answers: [(Endpoint, Misbehaviour, &str); 9] = [
        (Endpoint::Authorize, WrongState, "does not belong to this attempt"),
        (Endpoint::Authorize, WrongIssuer, "does not come from contoso"),
        (Endpoint::Authorize, Denied("access_denied", "no"), "was refused in the browser"),
        (Endpoint::Authorize, Denied("access_denied", "AADSTS65004: User declined"), "was refused in the browser"),
        (Endpoint::Authorize, Denied("consent_required", "AADSTS90094: x"), "an administrator must do so first"),
        (Endpoint::Token, Misbehaviour::Error("invalid_client", "AADSTS7000215: wrong"), "does not accept the secret"),
        (Endpoint::Token, Misbehaviour::Html, "something other than a token"),
        (Endpoint::Token, Misbehaviour::Redirect("http://127.0.0.1:9/".into()), "redirects the request"),
        (Endpoint::Token, Misbehaviour::Status(503, vec![], String::new()), "has an internal problem"),
    ];
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    for (endpoint, misbehaviour, sentence) in answers {
        let about = format!("{misbehaviour:?}");
        provider.misbehave(endpoint, vec![misbehaviour]);
        let (page, output) = consent(&mailferry, JOBB);
        assert_eq!((page.status, output.code), (400, 1), "{about}: {} {}", page.body, output.all());
        assert!(output.stderr.contains(sentence), "{about}: {}", output.stderr);
        let shown = page.body.replace("&#39;", "'");
        assert!(shown.contains(sentence), "{about}: {shown}");
        assert_unconnected(&mailferry, &about);
    }
    connect_mailbox(&mailferry, JOBB);
}

#[test]
fn a_consent_of_the_wrong_account_is_not_stored_and_revoked_if_unused() {
    let server = token_server();
    for (what, sentence) in [
        ("account", "admin@lillestad.se consented, but jobb@lillestad.se should have"),
        ("scope", "does not include mail"),
        ("issuer", "does not come from contoso but from https://evil.example"),
        ("audience", "does not say who has consented"),
        ("nobody", "does not say who has consented"),
    ] {
        let provider = IdentityProvider::start(JOBB);
        match what {
            "account" => provider.set_identity("admin@lillestad.se"),
            "scope" => provider.set_granted_scope("openid email offline_access"),
            "issuer" => provider.set_id_token_claims(serde_json::json!({"iss": "https://evil.example"})),
            "audience" => provider.set_id_token_claims(serde_json::json!({"aud": "another-application"})),
            _ => provider
                .set_id_token_claims(serde_json::json!({"email": null, "preferred_username": null, "sub": "42"})),
        }
        let mailferry = unconnected(&provider, &server);
        let (page, output) = consent(&mailferry, JOBB);
        assert_eq!((page.status, output.code), (400, 1), "{what}: {}", output.all());
        assert!(output.stderr.contains(sentence), "{what}: {}", output.stderr);
        assert_unconnected(&mailferry, what);
        // Only the token of another account is revoked: revoking one of the wanted account would end an earlier consent.
        let given_up: Vec<String> = provider.requests(Endpoint::Revoke).iter().map(|r| r["token"].clone()).collect();
        let of_another = if what == "account" { provider.issued().refresh_tokens } else { Vec::new() };
        assert_eq!(given_up, of_another, "{what}");
    }
}

#[test]
fn the_authorization_link_has_the_required_parameters_and_no_secret() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    let connecting = mailferry.connect(JOBB, &[]);
    let browser = Browser::new();
    let page = browser.open(connecting.link());
    assert_eq!(page.status, 200, "{}", page.body);
    let output = connecting.finish();
    assert_eq!(output.code, 0, "{}", output.all());
    let asked = provider.requests(Endpoint::Authorize).remove(0);
    let of = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!((of("response_type"), of("code_challenge_method")), ("code", "S256"));
    assert_eq!((of("login_hint"), of("prompt"), of("client_id")), (JOBB, "select_account", "mailferry"));
    assert!(of("state").len() >= 32 && of("code_challenge").len() == 43, "{asked:?}");
    assert!(of("redirect_uri").starts_with("http://localhost:") && of("redirect_uri").ends_with("/oauth/callback"));
    let exchanged = provider.requests(Endpoint::Token).remove(0);
    assert_eq!(exchanged["redirect_uri"], of("redirect_uri"), "the redirect URI is identical");
    assert!(exchanged["code_verifier"].len() >= 43);
    // A second attempt has another state, another challenge and another verifier.
    connect_mailbox(&mailferry, JOBB);
    let again = provider.requests(Endpoint::Authorize).remove(1);
    assert!(again["state"] != of("state") && again["code_challenge"] != of("code_challenge"));
}

#[test]
fn a_device_code_is_entered_on_another_device() {
    use Misbehaviour::{AccessDenied, Expired, Pending, SlowDown};
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    for (answers, code, sentence) in [
        (vec![Pending, AccessDenied], 1, "was refused in the browser"),
        (vec![Expired], 1, "was not given in time"),
        (vec![Misbehaviour::Html], 1, "something other than a token"),
        (vec![Pending, SlowDown], 0, ""),
    ] {
        let about = format!("{answers:?}");
        provider.misbehave(Endpoint::Token, answers);
        let connecting = mailferry.connect(JOBB, &["--device"]);
        assert!(!text(&connecting.first_line, "user_code").is_empty(), "{:?}", connecting.first_line);
        let output = connecting.finish();
        assert_eq!(output.code, code, "{about}: {}", output.all());
        assert!(output.stderr.contains(sentence), "{about}: {}", output.stderr);
    }
    assert_eq!(mailferry.poll_ok(), 1);
    // A device code is for public clients: no secret is sent with it, nor with the refresh token from it.
    provider.set_lifetime(0);
    mailferry.connect(JOBB, &["--device"]).finish();
    mailferry.poll_ok();
    let with_secret = |request: &std::collections::BTreeMap<String, String>| {
        request.contains_key("client_secret") || request.contains_key("authorization")
    };
    let asked = provider.requests(Endpoint::Token);
    assert!(asked.iter().any(|request| request["grant_type"] == "refresh_token"));
    assert!(!asked.iter().any(with_secret), "{asked:?}");
    provider.misbehave(Endpoint::Device, vec![Misbehaviour::Error("unauthorized_client", "AADSTS7000218: x")]);
    let refused = mailferry.run(&["oauth", "connect", JOBB, "--device"]);
    assert!(refused.code == 1 && refused.stderr.contains("Allow public client flows"), "{}", refused.all());
}

#[test]
fn the_page_uses_the_browsers_language_and_the_command_the_terminals() {
    let server = token_server();
    let provider = IdentityProvider::start("admin@lillestad.se");
    let mut mailferry = unconnected(&provider, &server);
    mailferry.env("LC_ALL", "sv_SE.UTF-8");
    let (_, output) = consent(&mailferry, JOBB);
    assert!(
        output.stderr.contains("admin@lillestad.se gav sitt medgivande, men det skulle ha varit jobb@lillestad.se"),
        "{}",
        output.all()
    );
}

#[test]
fn a_rejected_consent_of_a_connected_account_is_not_revoked() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    mailferry.add_mailbox_by_token(ANSOKAN, JOBB_INBOX, "contoso", &server.options("none"), &[]);
    // The browser is logged in as the other account, and consents with it.
    let (page, _) = consent(&mailferry, ANSOKAN);
    assert_eq!(page.status, 400);
    assert_eq!(provider.requests(Endpoint::Revoke).len(), 0, "Google would revoke both");
}

#[test]
fn a_consent_is_not_reported_as_connected_if_the_mailbox_changed_meanwhile() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    for change in [&["mailbox", "set", JOBB, "--login-identity", ANSOKAN][..], &["mailbox", "remove", JOBB]] {
        let connecting = mailferry.connect(JOBB, &[]);
        mailferry.ok(change);
        let page = Browser::new().open(connecting.link());
        let output = connecting.finish();
        assert_eq!((page.status, output.code), (400, 1), "{change:?}: {}", output.all());
        let _ = mailferry.run(&["mailbox", "set", JOBB, "--login-identity", JOBB]);
    }
}
