//! The scripted identity provider when it behaves well.

use serde_json::json;

use super::{USER, VERIFIER, application, claims, curl, link, post, post_with, redeem, refresh, sasl};
use crate::support::{
    browser::Browser,
    dovecot::Dovecot,
    greenmail::{GreenMail, PASSWORD},
    identity_provider::{Endpoint, IdentityProvider},
    oauth_client::{CLIENT_ID, CLIENT_SECRET},
};

/// A person consents; returns the code and its redirect URI.
fn consent(provider: &IdentityProvider) -> (String, String) {
    let redirect_uri = application();
    let page = Browser::new().open(&link(&provider.base(), &redirect_uri));
    assert_eq!(page.body, "connected");
    (page.parameter("code").unwrap(), redirect_uri)
}

/// A refresh token of a new consent.
fn refresh_token(provider: &IdentityProvider) -> String {
    let (code, redirect_uri) = consent(provider);
    redeem(&provider.base(), &code, &redirect_uri, VERIFIER).text("refresh_token")
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[test]
fn a_code_is_exchanged_once_and_only_by_its_client() {
    let provider = IdentityProvider::start(USER);
    let base = provider.base();
    let redirect_uri = application();
    let page = Browser::new().open(&link(&base, &redirect_uri).replace("state-of-it", "st%26te"));
    assert_eq!((page.parameter("state").unwrap(), page.parameter("iss").unwrap()), ("st&te".to_owned(), base.clone()));
    let code = page.parameter("code").unwrap();
    let answer = redeem(&base, &code, &redirect_uri, VERIFIER);
    assert_eq!(answer.json()["expires_in"], 3600);
    assert_eq!(answer.text("scope"), "openid email mail");
    let id_claims = claims(&answer.text("id_token"));
    for name in ["sub", "email", "preferred_username"] {
        assert_eq!(id_claims[name], USER, "{id_claims}");
    }
    assert_eq!(
        (&id_claims["aud"], &id_claims["nonce"], &id_claims["iss"]),
        (&json!(CLIENT_ID), &json!("once"), &json!(base))
    );

    assert_eq!(redeem(&base, &code, &redirect_uri, VERIFIER).error(), invalid_grant());
    assert_eq!(
        refresh(&base, &answer.text("refresh_token")).error(),
        invalid_grant(),
        "using a code twice revokes all tokens"
    );

    let (code, redirect_uri) = consent(&provider);
    assert_eq!(redeem(&base, &code, &redirect_uri, &VERIFIER.replace('d', "e")).error(), invalid_grant());
    let (code, _) = consent(&provider);
    assert_eq!(redeem(&base, &code, "http://127.0.0.1/other", VERIFIER).error(), invalid_grant());

    let links = provider.requests(Endpoint::Authorize);
    assert_eq!((links[0]["login_hint"].as_str(), links[0]["prompt"].as_str()), (USER, "select_account"));
    let issued = provider.issued();
    assert_eq!((issued.access_tokens.len(), issued.id_tokens.len(), issued.codes.len()), (1, 1, 3));
    assert_eq!(
        (&issued.refresh_tokens[0], &issued.codes[0]),
        (&answer.text("refresh_token"), &page.parameter("code").unwrap())
    );
}

#[test]
fn an_authorization_request_without_pkce_is_refused() {
    let provider = IdentityProvider::start(USER);
    let link = link(&provider.base(), "http://127.0.0.1/callback");
    for (of, instead) in
        [("=S256", "=plain"), ("&code_challenge=", "&other="), ("=code&", "=token&"), ("&state=", "&other=")]
    {
        assert_eq!(curl(&link.replace(of, instead), &[]).status, 400, "{of}");
    }
    assert_eq!(curl(&link, &[]).status, 302);
}

#[test]
fn the_client_secret_is_checked_in_the_header_and_in_the_form() {
    let provider = IdentityProvider::start(USER);
    let url = format!("{}/token", provider.base());
    let grant = ("grant_type", "client_credentials");
    let (id, right, wrong) = (("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("client_secret", "wrong"));
    let app_only = post(&url, &[grant, ("scope", "mail")]);
    assert_eq!(app_only.text("scope"), "mail");
    assert!(app_only.json()["refresh_token"].is_null() && app_only.json()["id_token"].is_null(), "{app_only:?}");
    assert_eq!(post_with(&url, &[grant, id, right], &[]).status, 200);
    let refused = (401, "invalid_client".to_owned());
    assert_eq!(post_with(&url, &[grant, id, wrong], &[]).error(), refused);
    assert_eq!(post_with(&url, &[grant, id], &[]).error(), refused);
    assert_eq!(post_with(&url, &[grant], &["--user", "mailferry:wrong"]).error(), refused);
    assert_eq!(post(&url, &[grant, id, right]).error(), (400, "invalid_request".to_owned()));

    let requests = provider.requests(Endpoint::Token);
    assert!(requests[0]["authorization"].starts_with("Basic ") && !requests[0].contains_key("client_secret"));
    assert!(requests[1]["client_secret"] == CLIENT_SECRET && !requests[1].contains_key("authorization"));
}

#[test]
fn reusing_a_refresh_token_revokes_all_tokens_of_its_consent() {
    let provider = IdentityProvider::start(USER);
    let base = provider.base();
    let first = refresh_token(&provider);
    let second = refresh(&base, &first).text("refresh_token");
    assert_eq!(refresh(&base, &first).error(), invalid_grant());
    assert_eq!(refresh(&base, &second).error(), invalid_grant());

    provider.set_overlap(1);
    let first = refresh_token(&provider);
    let second = refresh(&base, &first).text("refresh_token");
    let third = refresh(&base, &first).text("refresh_token");
    refresh(&base, &second).text("refresh_token");
    assert_eq!(refresh(&base, &first).error(), invalid_grant());
    assert_eq!(refresh(&base, &third).error(), invalid_grant());

    provider.set_rotation(false);
    let first = refresh_token(&provider);
    for _ in 0..3 {
        let answer = refresh(&base, &first);
        assert!(!answer.text("access_token").is_empty() && answer.json()["refresh_token"].is_null(), "{answer:?}");
    }
}

#[test]
fn a_refresh_can_request_fewer_scopes_but_not_more() {
    let provider = IdentityProvider::start(USER);
    provider.set_rotation(false);
    let token = refresh_token(&provider);
    let with_scope = |scope| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("scope", scope)];
        post(&format!("{}/token", provider.base()), &fields)
    };
    assert_eq!(with_scope("mail").text("scope"), "mail");
    assert_eq!(with_scope("mail calendar").error(), (400, "invalid_scope".to_owned()));
}

#[test]
fn changed_settings_apply_to_later_requests() {
    let provider = IdentityProvider::start("anna@example.se");
    provider.set_identity(USER);
    provider.set_lifetime(60);
    provider.set_issuer("https://login.example.org/contoso");
    provider.set_granted_scope("openid");
    provider.set_access_token_claims(json!({"roles": ["IMAP.AccessAsApp"], "scp": null}));
    provider.set_id_token_claims(json!({"tid": "contoso", "email": null}));
    let (code, redirect_uri) = consent(&provider);
    let answer = redeem(&provider.base(), &code, &redirect_uri, VERIFIER);
    assert_eq!((&answer.json()["expires_in"], answer.text("scope").as_str()), (&json!(60), "openid"));
    let access = claims(&answer.text("access_token"));
    assert_eq!((&access["sub"], &access["roles"][0]), (&json!(USER), &json!("IMAP.AccessAsApp")));
    assert!(access["scp"].is_null(), "{access}");
    let id = claims(&answer.text("id_token"));
    assert_eq!((&id["iss"], &id["tid"]), (&json!("https://login.example.org/contoso"), &json!("contoso")));
    assert!(id["email"].is_null() && id["preferred_username"] == USER, "{id}");
    assert!(provider.provider("scripted").ends_with(&format!("device_url = \"{}/devicecode\"\n", provider.base())));
}

#[test]
fn a_device_code_gives_tokens_once_and_without_a_secret() {
    let provider = IdentityProvider::start(USER);
    let base = provider.base();
    let id = ("client_id", CLIENT_ID);
    let device = post_with(&format!("{base}/devicecode"), &[id, ("scope", "openid mail")], &[]);
    assert!(device.text("user_code").starts_with("MAIL-") && device.text("verification_uri").starts_with(&base));
    assert_eq!((&device.json()["interval"], &device.json()["expires_in"]), (&json!(1), &json!(900)));
    let code = device.text("device_code");
    let grant = [id, ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code.as_str())];
    let url = format!("{base}/token");
    let answer = post_with(&url, &grant, &[]);
    assert_eq!(claims(&answer.text("id_token"))["email"], USER);
    assert_eq!(post_with(&url, &grant, &[]).error(), invalid_grant());
    let token = answer.text("refresh_token");
    let refreshed = post_with(&url, &[id, ("grant_type", "refresh_token"), ("refresh_token", &token)], &[]);
    assert_ne!(refreshed.text("access_token"), answer.text("access_token"));
}

#[test]
fn dovecot_accepts_the_providers_tokens_until_they_are_revoked() {
    let provider = IdentityProvider::start(USER);
    let dovecot = Dovecot::start_with(&[USER], &provider.dovecot("xoauth2 oauthbearer"), |certs| &certs.good);
    let (code, redirect_uri) = consent(&provider);
    let answer = redeem(&provider.base(), &code, &redirect_uri, VERIFIER);
    let token = answer.text("access_token");
    for login in [sasl::xoauth2, sasl::oauthbearer] {
        assert!(login(dovecot.imap, USER, &token).end.starts_with("OK"));
    }
    assert_eq!(provider.requests(Endpoint::Introspect)[0]["token"], token);

    let revoke = format!("{}/revoke", provider.base());
    assert_eq!(post(&revoke, &[("token", &answer.text("refresh_token"))]).status, 200);
    let refused = sasl::xoauth2(dovecot.imap, USER, &token);
    assert!(refused.challenge.is_some() && refused.end.starts_with("NO"), "{refused:?}");
    assert_eq!(post(&revoke, &[("token", "unknown")]).status, 200);

    let (code, redirect_uri) = consent(&provider);
    let token = redeem(&provider.base(), &code, &redirect_uri, VERIFIER).text("access_token");
    let introspect =
        |token| post(&format!("{}/introspect", provider.base()), &[("token", token)]).json()["active"].clone();
    assert_eq!(introspect(&token), true);
    assert_eq!(post(&revoke, &[("token", &token)]).status, 200);
    assert_eq!(introspect(&token), false);
    provider.set_lifetime(0);
    let (code, redirect_uri) = consent(&provider);
    let over = redeem(&provider.base(), &code, &redirect_uri, VERIFIER).text("access_token");
    assert_eq!(introspect(&over), false);
}

#[test]
fn greenmail_accepts_a_token_equal_to_the_password() {
    let provider = IdentityProvider::start(USER);
    provider.set_fixed_access_token(PASSWORD);
    let server = GreenMail::start(&[USER]);
    let (code, redirect_uri) = consent(&provider);
    let token = redeem(&provider.base(), &code, &redirect_uri, VERIFIER).text("access_token");
    let login = sasl::xoauth2(server.imap, USER, &token);
    assert!(login.end.starts_with("OK"), "{login:?}");
    let login = sasl::xoauth2(server.imap, USER, "wrong");
    assert!(login.end.starts_with("NO"), "{login:?}");
}
