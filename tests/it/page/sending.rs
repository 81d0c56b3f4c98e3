//! A test mail that Mailferry sends itself through a real SMTP server: followed to the inbox, and sent by the user if that server
//! refuses it.

use std::time::Duration;

use super::{Site, assert_no_violations};
use crate::support::{
    chromium::Page,
    facts::{JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    mail::mail,
    mailferry::Mailferry,
    ports::free_port,
    wait,
};

const MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";
const SENDER: &str = "test@kundo.example";

/// A mailbox on this server, and an installation that sends through the SMTP server on this port, with this login.
fn sending(server: &GreenMail, smtp: u16, username: &str) -> Site {
    let mut mailferry = Mailferry::new();
    for (key, value) in [("HOST", "127.0.0.1"), ("PORT", &smtp.to_string()), ("TLS", "none"), ("USERNAME", username)] {
        mailferry.env(&format!("MAILFERRY__SMTP__{key}"), value);
    }
    mailferry.env("MAILFERRY__SMTP__PASSWORD", "wrong password");
    mailferry.env("MAILFERRY__SMTP__FROM", &format!("Mailferry <{SENDER}>"));
    let site = Site::with_installation(mailferry);
    site.mailferry.add_inbox(JOBB_INBOX);
    site.mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &[]);
    // Nothing is sent to a mailbox that was never polled.
    wait::until("the first look", Duration::from_secs(60), || {
        (!site.mailferry.json(&["mailbox", "list"])[0]["last_success_at"].is_null()).then_some(())
    });
    site
}

/// The completed steps that the page shows, with their results.
fn completed_steps(page: &Page) -> Vec<String> {
    let steps = page.eval("[...document.querySelectorAll('#progress li.done')].map(step => step.innerText.trim())");
    steps.as_array().unwrap().iter().map(|step| step.as_str().unwrap().to_owned()).collect()
}

/// Whether the text contains a date and a time with seconds.
fn has_time(step: &str) -> bool {
    step.split_whitespace().any(|word| {
        let parts: Vec<&str> = word.trim_end_matches(')').split(':').collect();
        parts.len() == 3 && parts.iter().all(|part| part.len() == 2 && part.parse::<u8>().is_ok())
    })
}

#[test]
fn a_test_mail_sent_by_mailferry_is_followed_live_with_the_time_of_each_step() {
    let server = GreenMail::start(&[JOBB]);
    let site = sending(&server, server.smtp, "");
    let page = site.page_of("anna", "sv");
    page.go(&site.url(MAILBOX));
    page.click_text("Testmejl");
    page.click_text("Skicka ett testmejl");
    page.wait_for_text("Mailferry har skickat mejlet");
    assert!(!page.text().contains("med den här koden i ämnet"), "no manual step remains: {}", page.text());
    // A new document would not have this mark.
    page.eval("window.followed = true");
    page.wait_for_text("I inkorgen. Allt fungerar.");
    assert_eq!(page.eval("window.followed === true"), true, "the page updates itself");
    let steps = completed_steps(&page);
    let said = [
        "Testet började".to_owned(),
        "Mailferry har skickat mejlet".to_owned(),
        format!("Sett i {JOBB}, mappen INBOX, som UID 1"),
        format!("Till {JOBB_INBOX}, eftersom"),
        "I inkorgen. Allt fungerar.".to_owned(),
    ];
    assert_eq!(steps.len(), said.len(), "{steps:?}");
    for (step, said) in steps.iter().zip(&said) {
        assert!(step.contains(said) && has_time(step), "{step:?} must contain {said:?} and a time");
    }
    page.click_text("Öppna mejlet");
    page.wait_for_text("Det här är ett test av Mailferry.");
    assert!(page.text().contains(&format!("Mailferry <{SENDER}>")), "{}", page.text());
    let message = site.mailferry.messages().remove(0);
    assert!(text(&message, "message_id").contains("@kundo.example"), "{message}");
    let raw = String::from_utf8(site.mailferry.raw(&message)).unwrap().to_lowercase();
    for field in ["auto-submitted: auto-generated", "mime-version: 1.0", "charset=utf-8"] {
        assert!(raw.contains(field), "{field} is missing:\n{raw}");
    }
    assert_no_violations(&page);
}

/// Checks that the page reports that the mail was not sent, with this text of the SMTP server, and lets the user send one.
fn assert_sent_by_hand(server: &GreenMail, site: &Site, why: &str) {
    let page = site.page();
    page.go(&site.url(MAILBOX));
    page.click_text("Test message");
    page.click_text("Send a test message");
    page.wait_for_text("Mailferry could not send the message. Send it yourself.");
    assert!(page.text().contains(why) && !page.text().contains("Mailferry sent the message"), "{}", page.text());
    page.wait_for_text(&format!("Send a message to {JOBB} with this code in the subject"));
    let code = page.eval("document.getElementById('code').textContent").as_str().unwrap().trim().to_owned();
    assert_eq!(server.client(JOBB).examine("INBOX").search("ALL"), [0_u32; 0], "no mail was received");
    server.send("anna@example.se", &[JOBB], &mail(&code, JOBB));
    page.wait_for_text("In the inbox. Everything works.");
    assert!(page.text().contains("could not send the message"), "the error is still shown: {}", page.text());
    assert_no_violations(&page);
}

#[test]
fn if_the_smtp_server_refuses_the_test_mail_can_be_sent_by_hand() {
    let server = GreenMail::start(&[JOBB]);
    let site = sending(&server, server.smtp, "stranger");
    assert_sent_by_hand(&server, &site, "535");
}

#[test]
fn if_the_smtp_server_is_down_the_test_mail_can_be_sent_by_hand() {
    let server = GreenMail::start(&[JOBB]);
    let site = sending(&server, free_port(), "");
    assert_sent_by_hand(&server, &site, "refused");
}
