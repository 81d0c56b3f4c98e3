//! Renewal of access tokens: one renewal for all mailboxes of a consent, and who must act when it fails.

use std::thread;

use serde_json::Value;

use super::{connect_mailbox, installation_on, token_server, unconnected};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    identity_provider::{Endpoint, IdentityProvider, Misbehaviour},
    mailferry::{Database, Mailferry, databases},
    scripted::Scripted,
};

fn renewals(provider: &IdentityProvider) -> usize {
    provider.requests(Endpoint::Token).iter().filter(|request| request["grant_type"] == "refresh_token").count()
}

/// A consent whose access token has already expired.
fn with_expired_token(provider: &IdentityProvider, server: &Scripted) -> Mailferry {
    let mailferry = unconnected(provider, server);
    provider.set_lifetime(0);
    connect_mailbox(&mailferry, JOBB);
    provider.set_lifetime(3600);
    mailferry
}

/// Checks the report of each failure: who must act, and whether Mailferry retries automatically.
#[test]
fn every_failure_of_the_token_endpoint_has_its_cause_and_its_text() {
    use Misbehaviour::{Cut, Drip, Error, Html, Huge, Redirect, Silent, Status, Truncated};
    let server = token_server();
    let retry_after = || vec![("Retry-After", "120".to_owned())];
    let table = [
        // Temporary: retried automatically.
        (
            Status(429, retry_after(), "{}".into()),
            "provider-busy",
            "identity provider",
            "asked Mailferry to try again later",
        ),
        (Status(503, vec![], "oops".into()), "provider-down", "identity provider", "has an internal problem"),
        (Status(500, vec![], String::new()), "provider-down", "identity provider", "has an internal problem"),
        (Cut, "provider-unreachable", "identity provider", "cannot be reached"),
        (Truncated, "provider-unreachable", "identity provider", "cannot be reached"),
        (Silent, "provider-slow", "identity provider", "did not answer in time"),
        (Drip, "provider-slow", "identity provider", "did not answer in time"),
        (Huge, "provider-too-large", "identity provider", "more than a megabyte"),
        (Html, "provider-not-json", "identity provider", "something other than a token"),
        (
            Status(200, vec![], "{\"access_token\":\"\"}".into()),
            "provider-not-json",
            "identity provider",
            "other than a token",
        ),
        (Redirect("http://127.0.0.1:9/token".into()), "provider-redirected", "identity provider", "another address"),
        (Error("temporarily_unavailable", ""), "provider-down", "identity provider", "has an internal problem"),
        // A person must consent again.
        (Error("invalid_grant", "Token has been expired or revoked."), "consent-ended", "admin", "was withdrawn"),
        (Error("invalid_grant", "AADSTS700082: inactivity"), "consent-inactive", "admin", "not used for too long"),
        (
            Error("invalid_grant", "AADSTS70043: sign-in frequency"),
            "consent-sign-in-frequency",
            "admin",
            "sign in again",
        ),
        (Error("invalid_grant", "AADSTS50173: revoked"), "consent-ended", "admin", "was withdrawn"),
        (Error("invalid_grant", "AADSTS65001: no consent"), "consent-admin-needed", "admin", "has no consent"),
        (Error("interaction_required", "AADSTS50076: MFA"), "consent-mfa-needed", "admin", "verify their identity"),
        (Error("invalid_grant", "AADSTS53003: CA"), "admin-access-blocked", "admin", "policy of the organisation"),
        (
            Error("invalid_grant", "reauth related error (invalid_rapt)"),
            "consent-sign-in-frequency",
            "admin",
            "sign in",
        ),
        // A problem of the application.
        (Error("invalid_client", "AADSTS7000222: expired"), "app-secret-expired", "operator", "has expired"),
        (Error("invalid_client", "AADSTS7000215: wrong"), "app-secret-wrong", "operator", "does not accept the secret"),
        (Error("unauthorized_client", "AADSTS700016: who"), "app-unknown", "admin", "does not know the application"),
        (
            Error("invalid_client", "The OAuth client was deleted."),
            "app-gone",
            "operator",
            "was deleted or switched off",
        ),
        (Error("something_new", "never seen"), "app-refused", "admin", "refuses the application"),
    ];
    thread::scope(|scope| {
        for (misbehaviour, cause, who, sentence) in table {
            let server = &server;
            scope.spawn(move || {
                let about = format!("{misbehaviour:?}");
                let provider = IdentityProvider::start(JOBB);
                provider.set_overlap(1);
                let mut mailferry = with_expired_token(&provider, server);
                mailferry.env("MAILFERRY__DEADLINES__TOKEN", "2s");
                provider.misbehave(Endpoint::Token, vec![misbehaviour]);
                let error = mailferry.poll_error();
                assert_eq!((text(&error, "step"), text(&error, "cause")), ("token", cause), "{about}: {error}");
                assert!(text(&error, "message").contains(sentence), "{about}: {error}");
                let shown = mailferry.json(&["mailbox", "list"]).remove(0);
                assert_eq!(text(&shown, "who_must_act"), who, "{about}: {shown}");
                assert_eq!(error["retry"].is_null(), cause.starts_with("consent-"), "{about}: {error}");
                // From here on, the provider behaves well again.
                let before = renewals(&provider);
                match cause {
                    // Only a person can fix this, and the provider is not asked until then.
                    _ if cause.starts_with("consent-") => {
                        assert_eq!(text(&mailferry.poll_error(), "cause"), cause, "{about}");
                        assert_eq!(renewals(&provider), before, "{about}");
                        assert_eq!(text(&mailferry.json(&["oauth", "status"])[0], "state"), "needs-consent");
                        connect_mailbox(&mailferry, JOBB);
                    }
                    // The provider is not asked again before the time that its answer named.
                    "provider-busy" => {
                        assert_eq!(text(&mailferry.poll_error(), "cause"), cause, "{about}");
                        assert_eq!(renewals(&provider), before, "{about}");
                        connect_mailbox(&mailferry, JOBB);
                    }
                    _ => {}
                }
                assert_eq!(mailferry.poll_ok(), 1, "{about}");
            });
        }
    });
}

#[test]
fn fifty_mailboxes_of_one_consent_in_two_processes_refresh_the_token_once() {
    for database in databases() {
        let server = token_server();
        // Strict: using a refresh token twice ends the consent.
        let provider = IdentityProvider::start(JOBB);
        let mut mailferry = installation_on(database, &provider.provider("contoso"));
        mailferry.env("MAILFERRY__SCHEDULE__PARALLEL", "50");
        let addresses: Vec<String> = (0..50).map(|n| format!("shared{n}@lillestad.se")).collect();
        for address in &addresses {
            let more = ["--login-identity", JOBB];
            mailferry.add_mailbox_by_token(address, JOBB_INBOX, "contoso", &server.options("none"), &more);
        }
        provider.set_lifetime(0);
        connect_mailbox(&mailferry, &addresses[0]);
        provider.set_lifetime(3600);
        let (first, second) = addresses.split_at(25);
        let poll = |addresses: &[String]| {
            let words: Vec<&str> = ["--json", "poll"].into_iter().chain(addresses.iter().map(String::as_str)).collect();
            mailferry.run(&words)
        };
        let outputs =
            thread::scope(|scope| [first, second].map(|half| scope.spawn(|| poll(half))).map(|t| t.join().unwrap()));
        for output in outputs {
            assert_eq!(output.code, 0, "{database:?}: {}", output.all());
            assert_eq!(output.json().len(), 25);
        }
        assert_eq!(renewals(&provider), 1, "{database:?}");
        assert_eq!(text(&mailferry.json(&["oauth", "status"])[0], "state"), "connected");
    }
}

#[test]
fn a_token_refresh_whose_response_was_lost_is_repeated() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    provider.set_overlap(1); // as RFC 9700 4.14 has it for lost answers
    let mailferry = with_expired_token(&provider, &server);
    provider.misbehave(Endpoint::Token, vec![Misbehaviour::Cut]);
    assert_eq!(text(&mailferry.poll_error(), "cause"), "provider-unreachable");
    assert_eq!(mailferry.poll_ok(), 1);
    // If the provider takes the second use of the token for theft, a person must act, and this is reported at once.
    let strict = IdentityProvider::start(JOBB);
    let mailferry = with_expired_token(&strict, &server);
    strict.misbehave(Endpoint::Token, vec![Misbehaviour::Cut]);
    mailferry.poll_error();
    assert_eq!(text(&mailferry.poll_error(), "cause"), "consent-ended");
}

#[test]
fn a_valid_token_is_used_while_the_provider_is_down() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    // The token is renewed at 80 % of its lifetime, long before it expires.
    mailferry.sql("UPDATE oauth_grant SET renew_at = 0");
    provider.misbehave(Endpoint::Token, vec![Misbehaviour::Status(503, vec![], String::new())]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!(text(&mailferry.json(&["oauth", "status"])[0], "state"), "waiting");
    assert_eq!(renewals(&provider), 1);
}

#[test]
fn a_wrong_client_secret_is_one_problem_of_the_application_and_repaired_for_all_mailboxes() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let good = provider.provider("contoso");
    let mut mailferry = installation_on(Database::Sqlite, &good);
    for n in 0..5 {
        let (address, identity) = (format!("m{n}@lillestad.se"), format!("p{n}@lillestad.se"));
        provider.set_identity(&identity);
        let more = ["--login-identity", &identity];
        mailferry.add_mailbox_by_token(&address, JOBB_INBOX, "contoso", &server.options("none"), &more);
        provider.set_lifetime(0);
        connect_mailbox(&mailferry, &address);
    }
    provider.set_lifetime(3600);
    let file = mailferry.dir().join("secret");
    std::fs::write(&file, "the-secret-id-and-not-the-value\n").unwrap();
    let secret_file = format!("client_secret_file = {:?}", file.to_string_lossy());
    let secret_line = good.lines().find(|line| line.starts_with("client_secret = ")).unwrap();
    mailferry.configure(&good.replace(secret_line, &secret_file));
    mailferry.env("MAILFERRY__SCHEDULE__PARALLEL", "1");
    let lines = mailferry.poll();
    assert!(lines.iter().all(|line| text(&line["error"], "cause") == "app-secret-wrong"), "{lines:?}");
    assert_eq!(renewals(&provider), 1, "one request for all mailboxes");
    let states: Vec<Value> = mailferry.json(&["oauth", "status"]);
    assert!(states.iter().all(|status| text(status, "state") == "app-problem"), "{states:?}");
    let serve = mailferry.serve();
    let metrics = serve.answer("/metrics").unwrap();
    assert_eq!(metrics.matches("mailferry_oauth_app_problem{").count(), 1, "{metrics}");
    // The file with the secret is read again: the right secret works without a restart, for all mailboxes.
    let value = secret_line.split('"').nth(1).unwrap();
    std::fs::write(&file, value).unwrap();
    mailferry.ok(&["mailbox", "check", "m0@lillestad.se"]);
    crate::support::wait::until("all mailboxes", std::time::Duration::from_secs(60), || {
        let all = mailferry.json(&["mailbox", "list"]);
        all.iter().all(|mailbox| text(mailbox, "state") == "ok").then_some(())
    });
    let warnings = serve.output().matches("no mailbox of this application gets a token").count();
    assert!(warnings <= 1, "reported once, not for each mailbox: {}", serve.output());
}

#[test]
fn a_problem_of_one_tenant_is_not_a_problem_of_the_application() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = installation_on(Database::Sqlite, &(provider.provider("contoso") + "tenant = \"organizations\"\n"));
    for address in ["jobb@typo.example", JOBB] {
        mailferry.add_mailbox_by_token(address, JOBB_INBOX, "contoso", &server.options("none"), &["--app-only"]);
    }
    provider.misbehave(Endpoint::Token, vec![Misbehaviour::Error("invalid_request", "AADSTS90002: Tenant not found")]);
    let poll = |address| mailferry.run(&["--json", "poll", address]).json().remove(0);
    let wrong = poll("jobb@typo.example");
    assert_eq!(text(&wrong["error"], "cause"), "app-tenant-unknown", "{wrong}");
    assert!(text(&wrong["error"], "message").contains("does not know the tenant typo.example"), "{wrong}");
    assert!(poll(JOBB)["error"].is_null(), "the other mailbox continues");
    let states = mailferry.json(&["oauth", "status"]);
    let state = |identity| text(crate::support::facts::with(&states, "identity", identity)[0], "state").to_owned();
    assert_eq!((state("typo.example"), state("lillestad.se")), ("waiting".to_owned(), "connected".to_owned()));
    assert!(!mailferry.serve().answer("/metrics").unwrap().contains("mailferry_oauth_app_problem{"));
}

#[test]
fn times_stored_by_a_wrong_clock_do_not_block_refreshes() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    // The stored times are a year ahead: taken literally, the token would never be renewed and the provider never asked.
    mailferry.sql(
        "UPDATE oauth_grant SET refreshed_at = refreshed_at + 31536000000, renew_at = renew_at + 31536000000, \
         access_expires_at = access_expires_at + 31536000000, problem = '{\"cause\":\"provider-busy\",\"about\":{}}', \
         told_until = renew_at + 31536000000, retry_at = renew_at + 31536000000",
    );
    assert_eq!((mailferry.poll_ok(), renewals(&provider)), (1, 1));
}
