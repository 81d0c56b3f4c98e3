//! The `oauth` commands: arguments, refusals and output.

use std::time::Duration;

use serde_json::json;

use super::{connect_mailbox, installation, token_server, unconnected};
use crate::support::{
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    identity_provider::{Endpoint, IdentityProvider},
    wait,
};

#[test]
fn the_built_in_providers_lack_only_a_registered_application() {
    let mut mailferry = installation("[oauth.providers.microsoft]\nclient_id = \"app-1\"\n");
    let refused = mailferry.run(&["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--oauth", "google"]);
    assert!(refused.code == 2 && refused.stderr.contains("oauth.providers.google.client_id"), "{}", refused.all());
    let added = mailferry.json(&["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--oauth", "microsoft"]).remove(0);
    assert_eq!((text(&added, "host"), text(&added, "login")), ("outlook.office365.com", "oauth"));
    assert_eq!((text(&added["oauth"], "state"), text(&added["oauth"], "identity")), ("not-connected", JOBB));
    let app_only = ["mailbox", "add", ANSOKAN, "--inbox", JOBB_INBOX, "--oauth", "microsoft", "--app-only"];
    let added = mailferry.json(&app_only).remove(0);
    assert_eq!(text(&added["oauth"], "identity"), "lillestad.se", "the tenant that the domain belongs to");
    mailferry.env("MAILFERRY__OAUTH__PROVIDERS__GOOGLE__CLIENT_ID", "app-2");
    mailferry.env("MAILFERRY__OAUTH__PROVIDERS__GOOGLE__CLIENT_SECRET", "s");
    let google = ["mailbox", "set", JOBB, "--oauth", "google"];
    assert_eq!(text(&mailferry.json(&google)[0]["oauth"], "provider"), "google");
    let refused = mailferry.run(&["oauth", "connect", JOBB, "--device"]);
    assert!(refused.code == 1 && refused.stderr.contains("google does not support device codes"), "{}", refused.all());
}

#[test]
fn a_configuration_that_would_send_a_secret_to_another_host_is_refused() {
    for (config, wrong) in [
        (
            "[oauth.providers.microsoft]\ntoken_url = \"https://evil.example/token\"\n",
            "oauth.providers.microsoft.token_url",
        ),
        ("[oauth.providers.c]\nclient_id = \"x\"\ntoken_url = \"http://10.0.0.1/token\"\n", "must begin with https://"),
        ("[oauth.providers.c]\nclient_id = \"x\"\ntoken_url = \"http://127.0.0.1/token\"\n", "allow_http_loopback"),
        (
            "[oauth.providers.c]\nclient_id = \"x\"\ntoken_url = \"http://localhost/token\"\nallow_http_loopback = true\n",
            "127.0.0.1",
        ),
        ("[oauth.providers.c]\nclient_id = \"x\"\n", "oauth.providers.c.token_url: is missing"),
        ("[oauth.providers.c]\nclient_secret = \"x\"\n", "oauth.providers.c.client_id: is missing"),
        ("[oauth.providers.c]\nclient = \"x\"\n", "oauth.providers.c.client: unknown key"),
        ("[oauth.providers.c]\nclient_secret_expires = \"soon\"\n", "is not a day"),
        ("[oauth]\nport = 1\n", "oauth.port: unknown key"),
    ] {
        let mut mailferry = crate::support::mailferry::Mailferry::new();
        mailferry.configure(config);
        let refused = mailferry.run(&["inbox", "list"]);
        assert!(refused.code == 78 && refused.stderr.contains(wrong), "{config}: {}", refused.all());
    }
}

#[test]
fn a_mailbox_has_a_password_or_a_grant_never_both() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    for wrong in [&["--password-stdin"][..], &["--app-only", "--login-identity", ANSOKAN]] {
        let args =
            [&["mailbox", "add", ANSOKAN, "--inbox", JOBB_INBOX, "--host", "h", "--oauth", "contoso"], wrong].concat();
        assert_eq!(mailferry.run_with_input(&args, "x\n").code, 2, "{wrong:?}");
    }
    connect_mailbox(&mailferry, JOBB);
    mailferry.ok_with_input(&["mailbox", "set", JOBB, "--password-stdin"], "secret\n");
    assert_eq!(mailferry.json(&["oauth", "status"]).len(), 0, "the consent is deleted with its tokens");
    assert_eq!(mailferry.run(&["oauth", "connect", JOBB]).code, 2);
    mailferry.ok(&["mailbox", "set", JOBB, "--oauth", "contoso"]);
    assert_eq!(text(&mailferry.poll_error(), "cause"), "consent-missing", "the password is deleted too");
}

#[test]
fn a_consent_is_revoked_at_the_provider_on_request_and_with_its_last_mailbox() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    let more = ["--login-identity", JOBB];
    mailferry.add_mailbox_by_token(ANSOKAN, JOBB_INBOX, "contoso", &server.options("none"), &more);
    connect_mailbox(&mailferry, JOBB);
    mailferry.poll_ok();
    let revoked = || provider.requests(Endpoint::Revoke).len();
    let output = mailferry.json(&["oauth", "revoke", JOBB]).remove(0);
    assert_eq!((&output["revoked_at_provider"], &output["mailboxes"]), (&json!(true), &json!([ANSOKAN, JOBB])));
    assert_eq!(revoked(), 1);
    assert_eq!(text(&mailferry.json(&["oauth", "status"])[0], "state"), "not-connected");
    connect_mailbox(&mailferry, ANSOKAN);
    mailferry.ok(&["mailbox", "remove", JOBB]);
    assert_eq!(revoked(), 1, "another mailbox uses it");
    mailferry.ok(&["mailbox", "remove", ANSOKAN]);
    assert_eq!(revoked(), 2);
    assert_eq!(mailferry.json(&["oauth", "status"]).len(), 0);
}

#[test]
fn the_powershell_commands_contain_the_ids() {
    let provider = IdentityProvider::start(JOBB);
    provider.set_access_token_claims(json!({"oid": "11111111-aaaa", "appid": "mailferry"}));
    let mailferry = installation(&(provider.provider("contoso") + "tenant = \"organizations\"\n"));
    let lines = mailferry.ok(&["oauth", "app-only", JOBB, "o'hara@lillestad.se", "--provider", "contoso"]).text();
    for line in [
        "New-ServicePrincipal -AppId 'mailferry' -ObjectId '11111111-aaaa' -DisplayName 'Mailferry'",
        "Add-MailboxPermission -Identity 'jobb@lillestad.se' -User '11111111-aaaa' -AccessRights FullAccess",
        "Add-MailboxPermission -Identity 'o''hara@lillestad.se' -User '11111111-aaaa' -AccessRights FullAccess",
        "Connect-ExchangeOnline -Organization 'lillestad.se'",
    ] {
        assert!(lines.lines().any(|other| other == line), "{line}: {lines}");
    }
    // A text that is not a valid id must not end up in a command that a person runs.
    provider.set_access_token_claims(json!({"oid": "'; Remove-Mailbox *"}));
    let refused = mailferry.run(&["oauth", "app-only", JOBB, "--provider", "contoso"]);
    assert!(refused.code == 1 && !refused.text().contains("Remove-Mailbox"), "{}", refused.all());
}

#[test]
fn expiring_credentials_are_shown_in_the_list_the_metrics_and_the_log() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    let mut mailferry = mailferry;
    let ended = provider.provider("contoso")
        + "client_secret_expires = \"2026-01-31\"\ntesting = true\nrefresh_token_days = 20\n";
    mailferry.configure(&ended);
    let list = mailferry.json(&["mailbox", "list"]).remove(0);
    let warnings: Vec<&str> = list["warnings"].as_array().unwrap().iter().filter_map(|w| w.as_str()).collect();
    assert_eq!(warnings.len(), 2, "a consent in use causes no warning: {warnings:?}");
    assert!(
        warnings[0].contains("client secret of contoso has ended")
            && ["in 6 days", "in 7 days"].iter().any(|days| warnings[1].contains(days)),
        "{warnings:?}"
    );
    assert!(mailferry.ok(&["mailbox", "list"]).text().contains("client secret of contoso has ended"));
    let status = mailferry.json(&["oauth", "status"]).remove(0);
    assert_eq!(
        (text(&status["ends"][0], "what"), &status["ends"][0]["warning"]),
        ("client-secret", &json!(0)),
        "{status}"
    );
    let serve = mailferry.serve();
    let metrics = serve.answer("/metrics").unwrap();
    for what in ["client-secret", "unused-consent", "google-testing"] {
        assert!(metrics.contains(&format!("what=\"{what}\"")), "{metrics}");
    }
    wait::until("the log", Duration::from_secs(20), || {
        (serve.output().matches("will expire").count() >= 2).then_some(())
    });
}

#[test]
fn tokens_are_encrypted_again_with_a_new_key_and_discarded_if_the_key_is_lost() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    assert_eq!(mailferry.json(&["key", "rotate"])[0]["resealed"], 2);
    assert_eq!(mailferry.poll_ok(), 1);
    // A process that was already running must seal with the new key too, or its secrets could not be opened later.
    provider.set_lifetime(0);
    mailferry.ok(&["mailbox", "set", JOBB, "--interval", "1s"]);
    connect_mailbox(&mailferry, JOBB);
    let renewals = || provider.requests(Endpoint::Token).len();
    let mut serve = mailferry.serve();
    let more = |what: &str| {
        let before = renewals();
        wait::until(what, Duration::from_secs(60), || (renewals() >= before + 2).then_some(()));
    };
    more("renewals");
    mailferry.ok(&["key", "rotate"]);
    more("renewals with another key");
    // If the process were killed before it has stored an answer, this strict provider would end the consent.
    serve.sigterm();
    serve.wait();
    mailferry.poll_ok();
    std::fs::remove_file(mailferry.dir().join("mailferry.key")).unwrap();
    assert_eq!(mailferry.run(&["poll"]).code, 78);
    mailferry.ok(&["key", "generate", "--forget-passwords"]);
    assert_eq!(text(&mailferry.poll_error(), "cause"), "consent-missing");
}

#[test]
fn tokens_are_never_sent_without_tls() {
    let mailferry = installation("[oauth.providers.microsoft]\nclient_id = \"app-1\"\n");
    let add = ["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--oauth", "microsoft", "--tls", "none"];
    let refused = mailferry.run(&add);
    assert!(refused.code == 2 && refused.stderr.contains("never sent without TLS"), "{}", refused.all());
    mailferry.ok(&["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--oauth", "microsoft"]);
    assert_eq!(mailferry.run(&["mailbox", "set", JOBB, "--tls", "none"]).code, 2);
}

#[test]
fn app_only_access_has_no_consent_to_revoke_and_names_its_tenant() {
    let provider = IdentityProvider::start(JOBB);
    let mut mailferry = installation(&provider.provider("contoso"));
    let add =
        ["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--host", "localhost", "--oauth", "contoso", "--app-only"];
    let refused = mailferry.run(&add);
    assert!(
        refused.code == 2 && refused.stderr.contains("oauth.providers.contoso.tenant is empty"),
        "{}",
        refused.all()
    );
    mailferry.configure(&(provider.provider("contoso") + "tenant = \"organizations\"\n"));
    mailferry.ok(&add);
    let refused = mailferry.run(&["oauth", "revoke", JOBB]);
    assert!(refused.code == 2 && refused.stderr.contains("no consent to revoke"), "{}", refused.all());
    let removed = mailferry.json(&["mailbox", "remove", JOBB]).remove(0);
    assert!(text(&removed, "detail").contains("keeps its right"), "{removed}");
}

#[test]
fn a_rejected_change_keeps_the_consent() {
    let server = token_server();
    let provider = IdentityProvider::start(JOBB);
    let mailferry = unconnected(&provider, &server);
    connect_mailbox(&mailferry, JOBB);
    let wrong = ["mailbox", "set", JOBB, "--password-stdin", "--inbox", "misspelt@mail.kundo.se"];
    assert_eq!(mailferry.run_with_input(&wrong, "secret\n").code, 1);
    assert_eq!((provider.requests(Endpoint::Revoke).len(), mailferry.poll_ok()), (0, 1));
    let output = mailferry.ok_with_input(&["mailbox", "set", JOBB, "--password-stdin"], "secret\n").text();
    assert!(
        output.contains("contoso has ended the consent") && provider.requests(Endpoint::Revoke).len() == 1,
        "{output}"
    );
}
