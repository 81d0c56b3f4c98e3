//! Logins with an access token, and refusals, on the wire.

use super::{connect_mailbox, make_tokens_old, unconnected};
use crate::support::{
    facts::{JOBB, text},
    identity_provider::{Endpoint, IdentityProvider},
    mail::mail,
    scripted::Scripted,
};

/// Checks that the login of this dialogue succeeds, and that the mail is imported.
fn assert_login_succeeds(capabilities: &str, login: &str) {
    let dialogue = format!(
        "S: * OK [CAPABILITY IMAP4rev1 {capabilities}] ready\n{login}\nS: TAG OK [CAPABILITY IMAP4rev1] in\nORDINARY"
    );
    let server = Scripted::with_messages(&[&dialogue], vec![mail("one", JOBB)]);
    let provider = IdentityProvider::start(JOBB);
    provider.set_fixed_access_token("secret");
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    assert_eq!(mailferry.poll_ok(), 1, "{capabilities}");
    server.finish();
}

/// `user=jobb@lillestad.se^Aauth=Bearer secret^A^A`
const XOAUTH2: &str = "dXNlcj1qb2JiQGxpbGxlc3RhZC5zZQFhdXRoPUJlYXJlciBzZWNyZXQBAQ==";

#[test]
fn xoauth2_uses_an_initial_response_if_offered_and_otherwise_waits_for_the_challenge() {
    assert_login_succeeds("SASL-IR AUTH=XOAUTH2 AUTH=PLAIN", &format!("C: TAG AUTHENTICATE XOAUTH2 {XOAUTH2}"));
    assert_login_succeeds("AUTH=XOAUTH2", &format!("C: TAG AUTHENTICATE XOAUTH2\nS: + \nC: {XOAUTH2}"));
}

#[test]
fn oauthbearer_is_preferred_to_xoauth2() {
    assert_login_succeeds(
        "SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER",
        "C: TAG AUTHENTICATE OAUTHBEARER bixhPWpvYmJAbGlsbGVzdGFkLnNlLAFob3N0PTEyNy4wLjAuMQFwb3J0P*",
    );
}

#[test]
fn a_server_without_token_authentication_is_sent_no_credential() {
    let dialogue = "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN] ready\nORDINARY";
    let server = Scripted::start(&[dialogue]);
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    let error = mailferry.poll_error();
    assert_eq!((text(&error, "step"), text(&error, "cause")), ("login", "mailbox-no-oauth"), "{error}");
    let said: Vec<String> = server.sessions().into_iter().flat_map(|session| session.lines).collect();
    assert!(!said.iter().any(|line| line.contains("LOGIN \"") || line.contains("AUTHENTICATE")), "{said:?}");
}

/// Checks a refusal with a challenge: the challenge is answered as the mechanism requires, a new token is tried once, and
/// the error contains the reason from the server.
fn refused(mechanism: &str, farewell: &str) {
    // {"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}
    let challenge = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==";
    let dialogue = format!(
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH={mechanism}] ready\nC: TAG AUTHENTICATE {mechanism} *\nS: + {challenge}\n\
         C: {farewell}\nS: TAG NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"
    );
    let server = Scripted::start(&[&dialogue]);
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    make_tokens_old(&mailferry);
    let error = mailferry.poll_error();
    assert_eq!((text(&error, "step"), text(&error, "cause")), ("login", "mailbox-token-refused"), "{error}");
    assert!(text(&error, "message").contains("\"status\":\"400\""), "{error}");
    let renewals = provider.requests(Endpoint::Token).iter().filter(|r| r["grant_type"] == "refresh_token").count();
    assert_eq!(renewals, 1, "a new token is tried once");
    // A fresh token cannot be refused because of its age, so it is not renewed.
    mailferry.poll_error();
    let renewals = provider.requests(Endpoint::Token).iter().filter(|r| r["grant_type"] == "refresh_token").count();
    assert_eq!((renewals, server.finish().len()), (1, 3), "it is not tried again");
}

#[test]
fn the_challenge_of_a_refusal_is_answered_and_recorded() {
    refused("XOAUTH2", "");
    refused("OAUTHBEARER", "AQ==");
}

#[test]
fn a_token_that_expires_during_a_poll_is_refreshed_and_the_poll_continues() {
    let mails = || vec![mail("one", JOBB), mail("two", JOBB), mail("three", JOBB)];
    let first = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\nORDINARY\n\
                 WHEN: TAG UID FETCH * BODY.PEEK[]*\nOMIT 2 BYE\n\n";
    // The server ends the first session after the first mail, because the token has expired; the second session continues.
    let first = first.replace("OMIT 2 BYE\n", "S: * BYE Session invalidated - AccessTokenExpired\nCUT\n");
    let server = Scripted::with_messages(&[&first, super::TOKEN_LOGIN], mails());
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    assert_eq!(mailferry.poll_ok(), 3);
    assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
    assert!(mailferry.ledger().iter().all(|line| text(line, "state") == "imported"), "no mail is blamed");
    let renewals = provider.requests(Endpoint::Token).iter().filter(|r| r["grant_type"] == "refresh_token").count();
    assert_eq!((renewals, server.finish().len()), (1, 2));
}

#[test]
fn token_refreshes_per_poll_are_limited_and_no_mail_is_blamed() {
    let dies = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\nORDINARY\n\
                WHEN: TAG UID FETCH * BODY.PEEK[]*\nS: * BYE Session invalidated - AccessTokenExpired\nCUT\n";
    let server = Scripted::with_messages(&[dies], vec![mail("one", JOBB)]);
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    let error = mailferry.poll_error();
    assert!(text(&error, "message").contains("AccessTokenExpired") && !error["retry"].is_null(), "{error}");
    let renewals = provider.requests(Endpoint::Token).iter().filter(|r| r["grant_type"] == "refresh_token").count();
    assert_eq!(renewals, 5);
    assert!(mailferry.ledger().is_empty(), "the mail was not fetched: {:?}", mailferry.ledger());
}
