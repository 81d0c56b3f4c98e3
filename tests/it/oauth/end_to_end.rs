//! The whole path from the consent link to the imported mail, with real servers.

use super::{consent, installation};
use crate::support::{
    browser::Browser,
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    identity_provider::IdentityProvider,
    mail::mail,
    mailferry::Mailferry,
    oauth_server::OAuthServer,
};

/// Consents on mock-oauth2-server's login page, and imports a mail from Dovecot with the token and this mechanism.
fn a_consent_opens_dovecot(mechanism: &str) -> (OAuthServer, Dovecot, Mailferry) {
    let provider = OAuthServer::start();
    let dovecot = Dovecot::start_with(&[JOBB], &provider.dovecot(mechanism), |certs| &certs.good);
    dovecot.deliver(JOBB, "INBOX", "one", &mail("one", JOBB));
    let mailferry = installation(&provider.provider("contoso"));
    mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &dovecot.tls_options(), &[]);
    let connecting = mailferry.connect(JOBB, &[]);
    assert_eq!(text(&connecting.first_line, "identity"), JOBB);
    let page = Browser::new().log_in(connecting.link(), JOBB);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains(JOBB) && page.url.starts_with("http://localhost:"), "{}", page.body);
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        assert_eq!(page.header(name), Some(value));
    }
    let output = connecting.finish();
    assert_eq!(output.code, 0, "{}", output.all());
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!(mailferry.subjects(), ["one"]);
    (provider, dovecot, mailferry)
}

#[test]
fn a_consent_in_the_browser_gives_access_to_dovecot_with_xoauth2() {
    let (_provider, dovecot, mailferry) = a_consent_opens_dovecot("xoauth2");
    assert!(
        mailferry.ok(&["mailbox", "check", JOBB]).text().contains("ok      token: from contoso for jobb@lillestad.se")
    );
    let status = mailferry.json(&["oauth", "status"]).remove(0);
    assert_eq!((text(&status, "state"), text(&status, "identity")), ("connected", JOBB));
    // The customer's copy is untouched: the mailbox is only read.
    assert!(dovecot.untouched(JOBB, "INBOX").contains(&"one".to_owned()));
    assert!(mailferry.ok(&["mailbox", "remove", JOBB]).text().contains("contoso has ended the consent"));
}

#[test]
fn a_consent_in_the_browser_gives_access_to_dovecot_with_oauthbearer() {
    a_consent_opens_dovecot("oauthbearer");
}

#[test]
fn app_only_access_to_dovecot_needs_no_consent() {
    let provider = OAuthServer::start();
    let dovecot = Dovecot::start_with(&[JOBB], &provider.dovecot("xoauth2"), |certs| &certs.good);
    dovecot.deliver(JOBB, "INBOX", "one", &mail("one", JOBB));
    let mailferry = installation(&(provider.provider("contoso") + "tenant = \"contoso\"\n"));
    mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &dovecot.tls_options(), &["--app-only"]);
    assert_eq!(mailferry.poll_ok(), 1);
    let refused = mailferry.run(&["oauth", "connect", JOBB]);
    assert!(refused.code == 2 && refused.stderr.contains("needs no consent"), "{}", refused.all());
}

#[test]
fn a_consent_of_another_account_is_refused_with_both_addresses() {
    let provider = OAuthServer::start();
    let mailferry = installation(&provider.provider("contoso"));
    mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &["--host".to_owned(), "localhost".to_owned()], &[]);
    let connecting = mailferry.connect(JOBB, &[]);
    let page = Browser::new().log_in(connecting.link(), "admin@lillestad.se");
    let output = connecting.finish();
    assert_eq!((page.status, output.code), (400, 1));
    for said in [&page.body, &output.stderr] {
        assert!(said.contains(JOBB) && said.contains("admin@lillestad.se"), "{said}");
    }
    assert_eq!(text(&mailferry.json(&["oauth", "status"])[0], "state"), "not-connected");
    // A member of the shared mailbox who is named as the login identity may open it.
    mailferry.ok(&["mailbox", "set", JOBB, "--login-identity", "admin@lillestad.se"]);
    let connecting = mailferry.connect(JOBB, &[]);
    assert_eq!(Browser::new().log_in(connecting.link(), "admin@lillestad.se").status, 200);
    assert_eq!(connecting.finish().code, 0);
}

#[test]
fn greenmail_accepts_a_token_with_xoauth2() {
    let greenmail = GreenMail::start(&[JOBB]);
    greenmail.send("anna@example.se", &[JOBB], &mail("one", JOBB));
    // GreenMail compares the token with the user's password.
    let provider = IdentityProvider::start(JOBB);
    provider.set_fixed_access_token("secret");
    let mailferry = installation(&provider.provider("contoso"));
    mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &greenmail.options(), &[]);
    assert_eq!(consent(&mailferry, JOBB).1.code, 0);
    assert_eq!(mailferry.poll_ok(), 1);
}
