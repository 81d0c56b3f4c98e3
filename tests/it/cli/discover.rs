//! `mailbox discover`, as far as it works without the network.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{facts::keys, mailferry::Mailferry, name_server::NameServer};

#[test]
fn a_large_providers_server_is_proposed() {
    let mailferry = Mailferry::new();
    let found = mailferry.json(&["mailbox", "discover", "Anna@Gmail.com"]).remove(0);
    assert_eq!(keys(&found).join(" "), "app_password host how login oauth password_works port provider tls username");
    let expected = json!({
        "host": "imap.gmail.com", "port": 993, "tls": "implicit", "username": "anna@gmail.com", "login": "password",
        "oauth": null, "provider": "Google", "password_works": true, "app_password": true, "how": "provider",
    });
    assert_eq!(found, expected);
    let output = mailferry.ok(&["mailbox", "discover", "anna@gmail.com"]).text();
    for word in ["imap.gmail.com", "993", "implicit", "anna@gmail.com", "password", "Google"] {
        assert!(output.contains(word), "{word} in {output}");
    }
}

#[test]
fn an_application_that_is_registered_is_proposed_for_its_provider() {
    let mut mailferry = Mailferry::new();
    let output = mailferry.ok(&["mailbox", "discover", "anna@outlook.com"]).text();
    assert!(output.contains("Microsoft accepts access tokens only"), "{output}");
    assert!(output.contains("oauth.providers.microsoft.client_id"), "{output}");
    mailferry.env("MAILFERRY__OAUTH__PROVIDERS__MICROSOFT__CLIENT_ID", "00001111-aaaa-2222-bbbb-3333cccc4444");
    let found = mailferry.json(&["mailbox", "discover", "anna@outlook.com"]).remove(0);
    assert_eq!((&found["login"], &found["oauth"]), (&json!("oauth"), &json!("microsoft")));
    assert_eq!(found["password_works"], false);
}

#[test]
fn the_name_servers_of_the_configuration_are_asked() {
    let names = NameServer::start();
    names.mx("lillestad.se", &[(10, "lillestad-se.mail.protection.outlook.com")]);
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__DNS__SERVERS", &format!("127.0.0.1:{}", names.port));
    let found = mailferry.json(&["mailbox", "discover", "jobb@lillestad.se"]).remove(0);
    assert_eq!((&found["how"], &found["provider"]), (&json!("mx"), &json!("Microsoft")));
    names.mx("lillestad.se", &[(10, "mx.lillestad.se")]);
    names.srv("_imaps._tcp.lillestad.se", 993, "imap.lillestad.se");
    let found = mailferry.json(&["mailbox", "discover", "jobb@lillestad.se"]).remove(0);
    assert_eq!((&found["how"], &found["host"]), (&json!("srv"), &json!("imap.lillestad.se")));
}

#[test]
fn nothing_found_is_reported_in_time() {
    let mailferry = Mailferry::new();
    for address in ["jobb@no-such-domain.invalid", "jobb@127.0.0.1", "jobb@[::1]", "jobb@localhost"] {
        let begun = Instant::now();
        let output = mailferry.run(&["--json", "mailbox", "discover", address]);
        assert!(begun.elapsed() < Duration::from_secs(30), "{address} takes {:?}", begun.elapsed());
        assert_eq!(output.code, 1, "{address}:\n{}", output.all());
        assert!(output.stdout.is_empty() && output.stderr.contains(address), "{}", output.all());
    }
}
