//! Access tokens instead of passwords: with mock-oauth2-server, Dovecot and GreenMail, and with a scripted identity provider for
//! behaviour that real ones do not show on demand.

mod commands;
mod consent;
mod crashes;
mod doctor;
mod end_to_end;
mod https;
mod renewal;
mod sasl;
mod secrets;

use crate::support::{
    browser::{Browser, Page},
    facts::{JOBB, JOBB_INBOX},
    identity_provider::IdentityProvider,
    mail::mail,
    mailferry::{Database, Mailferry, Output},
    scripted::Scripted,
};

/// The dialogue of a mail server that accepts every access token.
const TOKEN_LOGIN: &str = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\nORDINARY";

fn token_server() -> Scripted {
    Scripted::with_messages(&[TOKEN_LOGIN], vec![mail("one", JOBB)])
}

/// An installation with this provider and the inbox for [`JOBB`].
fn installation(provider: &str) -> Mailferry {
    installation_on(Database::Sqlite, provider)
}

fn installation_on(database: Database, provider: &str) -> Mailferry {
    let mut mailferry = Mailferry::with_database(database);
    mailferry.configure(provider);
    mailferry.add_inbox(JOBB_INBOX);
    mailferry
}

/// An installation with [`JOBB`] on this server, without a consent.
fn unconnected(provider: &IdentityProvider, server: &Scripted) -> Mailferry {
    let mailferry = installation(&provider.provider("contoso"));
    mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &server.options("none"), &[]);
    mailferry
}

/// Connects a mailbox with the consent of the identity that is set in the scripted provider. This may fail.
fn consent(mailferry: &Mailferry, address: &str) -> (Page, Output) {
    let connecting = mailferry.connect(address, &[]);
    let page = Browser::new().open(connecting.link());
    (page, connecting.finish())
}

/// Like `consent`, which must succeed.
fn connect_mailbox(mailferry: &Mailferry, address: &str) {
    let (page, output) = consent(mailferry, address);
    assert_eq!((page.status, output.code), (200, 0), "{}{}", page.body, output.all());
}

/// Makes every token so old that a refusal may be due to its age.
fn make_tokens_old(mailferry: &Mailferry) {
    mailferry.sql("UPDATE oauth_grant SET refreshed_at = refreshed_at - 600000");
}
