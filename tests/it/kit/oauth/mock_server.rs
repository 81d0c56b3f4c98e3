//! mock-oauth2-server, alone and with Dovecot.

use std::panic::catch_unwind;

use super::{USER, VERIFIER, application, claims, link, post, redeem, refresh, sasl};
use crate::support::{
    browser::Browser,
    dovecot::{Dovecot, PASSWORD},
    imap_client::ImapClient,
    oauth_server::{APP_ONLY_USER, OAuthServer},
};

#[test]
fn dovecot_accepts_only_the_tokens_of_the_mock_server() {
    let server = OAuthServer::start();
    let other = "ansokan@lillestad.se";
    let dovecot = Dovecot::start_with(&[USER, other], &server.dovecot("xoauth2 oauthbearer"), |certs| &certs.good);

    let redirect_uri = application();
    let page = Browser::new().log_in(&link(&server.base(), &redirect_uri), USER);
    assert_eq!((page.status, page.body.as_str(), page.header("x-from")), (200, "connected", Some("it")));
    assert_eq!(page.parameter("state").unwrap(), "state-of-it");
    let token = redeem(&server.base(), &page.parameter("code").unwrap(), &redirect_uri, VERIFIER).text("access_token");

    for login in [sasl::xoauth2, sasl::oauthbearer] {
        let good = login(dovecot.imap, USER, &token);
        assert!(good.challenge.is_none() && good.end.starts_with("OK"), "{good:?}");
        for (user, token) in [(USER, "wrong"), (other, token.as_str()), (USER, PASSWORD)] {
            let bad = login(dovecot.imap, user, token);
            assert!(bad.challenge.as_ref().unwrap().contains("\"status\":"), "{bad:?}");
            assert!(bad.end.starts_with("NO [AUTHENTICATIONFAILED]"), "{bad:?}");
        }
    }
    dovecot.client(USER).command("NOOP");
    assert!(
        catch_unwind(|| ImapClient::login(dovecot.imap, USER, &token)).is_err(),
        "a token does not work as a password"
    );
}

#[test]
fn dovecot_offers_only_the_chosen_mechanism() {
    let server = OAuthServer::start();
    let dovecot = Dovecot::start_with(&[APP_ONLY_USER], &server.dovecot("xoauth2"), |certs| &certs.good);
    let offered = dovecot.client(APP_ONLY_USER).command("CAPABILITY");
    assert!(!offered[0].text.contains("OAUTHBEARER"), "{offered:?}");

    let fields = [("grant_type", "client_credentials"), ("scope", "mail")];
    let answer = post(&format!("{}/token", server.base()), &fields);
    let login = sasl::xoauth2(dovecot.imap, APP_ONLY_USER, &answer.text("access_token"));
    assert!(login.end.starts_with("OK"), "{login:?}");
}

#[test]
fn tokens_of_the_mock_server_name_the_account_and_their_lifetime() {
    let server = OAuthServer::start_with(120);
    let (base, redirect_uri) = (server.base(), application());
    let more = format!("{{\"email\": \"{USER}\"}}");
    let page = Browser::new().log_in_with(&link(&base, &redirect_uri), "anna", &more);
    let answer = redeem(&base, &page.parameter("code").unwrap(), &redirect_uri, VERIFIER);
    // A second may have passed.
    assert!((118..=120).contains(&answer.json()["expires_in"].as_u64().unwrap()), "{answer:?}");
    let id_claims = claims(&answer.text("id_token"));
    let wanted = [("sub", "anna"), ("email", USER), ("aud", "mailferry"), ("nonce", "once"), ("iss", base.as_str())];
    for (name, value) in wanted {
        assert_eq!(id_claims[name], value, "{id_claims}");
    }
    let old = answer.text("refresh_token");
    let refreshed = refresh(&base, &old);
    assert_eq!(refreshed.text("refresh_token"), old, "refresh tokens are not rotated");
    assert_eq!(claims(&refreshed.text("access_token"))["sub"], "anna");
}

#[test]
fn the_mock_server_checks_the_pkce_verifier() {
    let server = OAuthServer::start();
    let redirect_uri = application();
    let page = Browser::new().log_in(&link(&server.base(), &redirect_uri), USER);
    let answer = redeem(&server.base(), &page.parameter("code").unwrap(), &redirect_uri, &VERIFIER.replace('d', "e"));
    assert_eq!(answer.error(), (400, "invalid_grant".to_owned()));
}

#[test]
fn mailferry_can_use_the_mock_server_as_a_provider() {
    let server = OAuthServer::start();
    let base = server.base();
    let wanted = format!(
        "[oauth.providers.contoso]\nclient_id = \"mailferry\"\nclient_secret = \"s3cret-of-the-app\"\n\
         authorize_url = \"{base}/authorize\"\ntoken_url = \"{base}/token\"\nrevoke_url = \"{base}/revoke\"\n\
         scopes = [\"openid\", \"email\", \"offline_access\", \"mail\"]\napp_only_scopes = [\"mail\"]\n\
         allow_http_loopback = true\n"
    );
    assert_eq!(server.provider("contoso"), wanted);
}
