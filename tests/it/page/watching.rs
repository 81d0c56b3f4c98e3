//! Following mail: test mails, search, and the page of a mail.

use super::{Site, assert_no_violations};
use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    greenmail::GreenMail,
    mail::mail,
};

const MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";

fn running(server: &GreenMail) -> Site {
    let site = Site::new();
    site.mailferry.add_inbox(JOBB_INBOX);
    site.mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all", "--max-size", "100KB"]);
    site
}

#[test]
fn a_test_mail_is_followed_from_the_code_to_the_inbox() {
    let server = GreenMail::start(&[JOBB]);
    let site = running(&server);
    let page = site.page();
    page.go(&site.url(MAILBOX));
    page.click_text("Test message");
    page.wait_for_text("left as it is");
    page.click_text("Get a code");
    page.wait_for_text("The test started");
    let code = page.eval("document.getElementById('code').textContent").as_str().unwrap().trim().to_owned();
    page.wait_for_text("has not arrived yet");
    server.send("anna@example.se", &[JOBB], &mail(&format!("Test {code}"), JOBB));
    // The page updates itself.
    page.wait_for_text("In the inbox. Everything works.");
    page.wait_for_text("as UID 1");
    page.click_text("Open message");
    page.wait_for_text(&code);
    assert_no_violations(&page);
}

#[test]
fn the_search_finds_every_mail_or_shows_why_it_was_not_imported() {
    let server = GreenMail::start(&[JOBB]);
    server.send("anna@example.se", &[JOBB], &mail("Ansökan om bygglov", JOBB));
    let big = format!("Subject: Much too large\r\nFrom: bo@example.se\r\n\r\n{}", "x".repeat(300_000));
    server.send("bo@example.se", &[JOBB], big.as_bytes());
    let site = running(&server);
    crate::support::wait::within(std::time::Duration::from_secs(60), || {
        (site.mailferry.messages().len() == 1 && site.mailferry.ledger().len() == 2).then_some(())
    })
    .expect("both mails are handled");
    let page = site.page_of("anna", "sv");
    page.go(&site.url("/search?q=bygglov+ans"));
    page.wait_for_text("I en inkorg");
    assert!(page.text().contains(JOBB_INBOX) && page.text().contains("UID 1"), "{}", page.text());
    page.go(&site.url("/search?q=bo%40example.se"));
    page.wait_for_text("Sett, men inte importerat");
    assert!(page.text().contains("Much too large") && page.text().contains("åt sidan"), "{}", page.text());
    page.go(&site.url("/search?q=finns+inte"));
    page.wait_for_text("Ett sådant mejl har inte setts");
    // Quarantined mail is skipped or retried on the mailbox's page.
    page.go(&site.url(MAILBOX));
    page.wait_for_text("Lagt åt sidan");
    page.click_text("Hoppa över");
    page.wait_for_text("Mejlet utelämnas.");
    assert_no_violations(&page);
}
