//! HTTPS to a provider: its certificate and its address are checked like a mail server's.

use tempfile::TempDir;

use super::{installation, token_server};
use crate::support::{
    certs::{Certs, Identity},
    facts::{JOBB, JOBB_INBOX, text},
    mailferry::Mailferry,
    scripted::Scripted,
};

/// A provider that reads a request line, five headers and the empty line, and sends one token answer.
fn provider(identity: &Identity) -> Scripted {
    let body = r#"{"access_token":"secret","token_type":"Bearer","expires_in":3600}"#;
    let head =
        format!("HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: {}\\r\\n\\r\\n", body.len());
    let dialogue = format!("C: POST /token HTTP/1.1\n{}S-RAW: {head}{body}\nCUT", "C: *\n".repeat(6));
    Scripted::with_tls(&[&dialogue], identity, true)
}

fn mailbox_with(provider: &Scripted, server: &Scripted, authority: &str) -> Mailferry {
    let config = format!(
        "[oauth.providers.contoso]\nclient_id = \"mailferry\"\nclient_secret = \"s\"\ntenant = \"t\"\n\
         token_url = \"https://localhost:{}/token\"\napp_only_scopes = [\"mail\"]\n",
        provider.port
    );
    let mut mailferry = installation(&config);
    mailferry.env("SSL_CERT_FILE", authority);
    mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &server.options("none"), &["--app-only"]);
    mailferry
}

#[test]
fn a_token_is_requested_over_https_from_a_trusted_provider() {
    let folder = TempDir::new().unwrap();
    let certs = Certs::make(folder.path());
    let authority = certs.ca_file.to_string_lossy().into_owned();
    let server = token_server();
    let good = provider(&certs.good);
    assert_eq!(mailbox_with(&good, &server, &authority).poll_ok(), 1);
    let said: Vec<String> = good.finish().into_iter().flat_map(|session| session.lines).collect();
    assert!(said.iter().any(|line| line.contains("user-agent: Mailferry/")), "{said:?}");
    for (identity, why) in [(&certs.foreign, "another name"), (&certs.expired, "its time is over")] {
        let provider = provider(identity);
        let error = mailbox_with(&provider, &server, &authority).poll_error();
        assert_eq!(text(&error, "cause"), "provider-unreachable", "{why}: {error}");
        let received: Vec<u8> = provider.sessions().into_iter().flat_map(|session| session.received).collect();
        assert!(received.is_empty(), "{why}: nothing of the secret is sent");
    }
}

#[test]
fn a_provider_with_a_private_address_is_refused_unless_allowed() {
    let folder = TempDir::new().unwrap();
    let certs = Certs::make(folder.path());
    let server = token_server();
    let provider = provider(&certs.good);
    let mut mailferry = mailbox_with(&provider, &server, &certs.ca_file.to_string_lossy());
    mailferry.env("MAILFERRY__EGRESS__ALLOW", "");
    let error = mailferry.poll_error();
    assert!(text(&error, "message").contains("is not a public address"), "{error}");
    assert!(provider.sessions().is_empty());
}
