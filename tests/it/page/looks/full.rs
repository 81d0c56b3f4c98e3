//! An installation with an example of everything that a page can show.

use std::time::Duration;

use super::{Findings, Inspector, LANGUAGES, reader};
use crate::{
    page::{PASSWORD, Site},
    support::{
        chromium::{Chromium, Page},
        facts::{ANSOKAN, ANSOKAN_INBOX, JOBB, JOBB_INBOX, text},
        greenmail::GreenMail,
        mail::mail,
        wait,
    },
};

const MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";
const PAUSED: &str = "kontakt@lillestad.se";
const LONG: &str = "forskola.och.grundskola.samt.fritidshem@utbildningsforvaltningen.lillestad-kommun.se";
const NEW: &str = "ny@lillestad.se";
const NEW_PATH: &str = "/mailboxes/ny%40lillestad.se";
const OTHERS: [&str; 4] = ["bygglov@lillestad.se", "faktura@lillestad.se", "hr@lillestad.se", "turism@lillestad.se"];

/// A mail with HTML, a picture from elsewhere, and two attachments.
const HTML: &str = "From: \"Bo Östlund, Lillestads kommun\" <bo@example.se>\r\nTo: jobb@lillestad.se\r\n\
    Cc: Eva <eva@example.se>\r\nSubject: =?utf-8?Q?Ans=C3=B6kan_om_tj=C3=A4nsten_som_systemutvecklare?=\r\n\
    Message-ID: <html@example.se>\r\nDate: Tue, 03 Mar 2026 09:30:00 +0100\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>Hej!</h1><p>Jag söker tjänsten, se <b>bilagan</b>.</p>\
    <img src=\"https://spy.example/pixel.gif\"><table border=1><tr><td>2024</td><td>Utvecklare</td></tr></table>\r\n\
    --b\r\nContent-Type: application/pdf; name=\"personligt-brev.pdf\"\r\n\
    Content-Disposition: attachment; filename=\"personligt-brev.pdf\"\r\n\r\nPDF\r\n\
    --b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; \
    filename=\"en-bild-med-ett-alldeles-orimligt-langt-namn-som-ingen-skulle-valja-men-nagon-har-valt-anda.png\"\r\n\r\n\
    PNG\r\n--b--\r\n";

fn server() -> GreenMail {
    let server = GreenMail::start(&[&[JOBB, ANSOKAN, PAUSED, LONG, NEW], &OTHERS[..]].concat());
    for subject in ["Ansökan om bygglov", "Var är mitt intyg?", "Re: Sommarjobb 2026"] {
        server.send("anna@example.se", &[JOBB, NEW], &mail(subject, JOBB));
    }
    server.send("bo@example.se", &[JOBB], HTML.as_bytes());
    let big = format!("Subject: Alldeles för stor\r\nFrom: bo@example.se\r\n\r\n{}", "x\r\n".repeat(50_000));
    server.send("bo@example.se", &[JOBB], big.as_bytes());
    server.send("x@example.se", &[JOBB], b"From: x@example.se\r\nMessage-ID: <none@x>\r\n\r\nUtan rad om vad.\r\n");
    server
}

fn site(server: &GreenMail) -> Site {
    let site = Site::new();
    let (ours, options) = (&site.mailferry, server.options());
    ours.add_inbox(ANSOKAN_INBOX);
    ours.ok(&["inbox", "add", JOBB_INBOX, "--name", "Jobb i Lillestad", "--reply-from", "svar@lillestad.se"]);
    // Nothing listens on this port.
    ours.ok(&["inbox", "deliver", JOBB_INBOX, "--smtp", "smtp://127.0.0.1:1"]);
    ours.add_mailbox(JOBB, JOBB_INBOX, &options, &["--start", "all", "--max-size", "100KB"]);
    ours.add_mailbox_with_password(ANSOKAN, ANSOKAN_INBOX, &options, &["--start", "all"], "wrong");
    for address in [PAUSED, LONG].into_iter().chain(OTHERS) {
        ours.add_mailbox(address, ANSOKAN_INBOX, &options, &[]);
    }
    ours.ok(&["mailbox", "pause", PAUSED]);
    ours.ok_with_input(
        &["user", "add", "eva", "--role", "viewer", "--organisation", "default", "--password-stdin"],
        PASSWORD,
    );
    let all_is_there = || (ours.messages().len() == 5 && ours.ledger().len() == 6).then_some(());
    wait::within(Duration::from_secs(60), all_is_there).expect("the mails are imported");
    let refused =
        r#"{"problem":"refused","phase":"recipient","code":550,"enhanced":"5.1.1","words":"no such user here"}"#;
    ours.sql(&format!("UPDATE delivery SET state = 'held', attempts = 1, problem = '{refused}' WHERE id IN (2, 3)"));
    site
}

/// Connects a mailbox up to the step at which its login succeeds.
fn begin_to_connect(site: &Site, server: &GreenMail) {
    let page = site.page();
    page.go(&site.url("/connect"));
    page.fill("#address", NEW);
    page.click("form.card button");
    page.fill("#host", "localhost");
    page.fill("#port", &server.imap.to_string());
    page.check("input[value=implicit]");
    page.eval("document.querySelector('input[name=tls][value=implicit]').value = 'none'");
    page.click("form.card button");
    page.fill("#password", "secret");
    page.click_text("Use this password");
    page.wait_for_text("The login works.");
    page.go(&site.url(&format!("{NEW_PATH}/setup/start")));
    page.check("input[value=all]");
    page.click("form.card button");
    page.wait_for_text("messages would be fetched");
}

/// The link that the page shows.
fn link_on(page: &Page) -> String {
    page.eval("document.getElementById('link').textContent").as_str().unwrap().trim().to_owned()
}

#[test]
fn every_page_of_a_full_installation_looks_right() {
    let server = server();
    let site = site(&server);
    begin_to_connect(&site, &server);
    let findings = Findings::default();
    for language in LANGUAGES {
        let page = reader(&site, "anna", language);
        let inspector = Inspector::new(&findings, &site, &page, language, "full");
        lists(&inspector);
        one_mailbox(&site, &page, &inspector);
        steps(&inspector);
        mails(&site, &inspector);
        with_links(&site, &page, &inspector);
        inspector.visit("fault", "/mailboxes/nobody%40example.se");
        let viewer = reader(&site, "eva", language);
        let inspector = Inspector::new(&findings, &site, &viewer, language, "full");
        inspector.visit("viewer-mailbox", MAILBOX);
        inspector.visit("viewer-forbidden", "/connect");
    }
    findings.assert_none();
}

fn lists(inspector: &Inspector) {
    inspector.visit("mailboxes", "/");
    inspector.visit("mailboxes-nothing", "/?q=nothing+like+it");
    inspector.visit("inboxes", "/inboxes");
    inspector.visit("search", "/search?q=example");
    inspector.visit("audit", "/audit");
    inspector.visit("connect", "/connect");
    inspector.visit("account", "/account");
}

fn one_mailbox(site: &Site, page: &Page, inspector: &Inspector) {
    inspector.visit("mailbox-healthy", MAILBOX);
    inspector.visit("mailbox-failing", "/mailboxes/ansokan%40lillestad.se");
    page.click("form[action$='/check'] button");
    page.wait_for_element("#check");
    inspector.inspect("mailbox-checked");
    inspector.visit("mailbox-paused", "/mailboxes/kontakt%40lillestad.se");
    inspector.visit("mailbox-long", &format!("/mailboxes/{}", LONG.replace('@', "%40")));
    inspector.visit("ledger", &format!("{MAILBOX}/ledger"));
    inspector.visit("ledger-none", &format!("{MAILBOX}/ledger?state=gone"));
    inspector.visit("test-begin", &format!("{MAILBOX}/test"));
    page.click("main form button");
    page.wait_for_element("#code");
    inspector.visit_when("test-follow", page.url().trim_start_matches(&site.url("")), "#progress li");
}

fn steps(inspector: &Inspector) {
    for step in ["server", "login", "folders", "inbox", "copy", "start"] {
        inspector.visit(&format!("step-{step}"), &format!("{NEW_PATH}/setup/{step}"));
    }
    inspector.visit_when("step-trial", &format!("{NEW_PATH}/setup/trial"), "#result table");
    inspector.visit("settings-server", &format!("{MAILBOX}/setup/server"));
    inspector.visit_when("settings-trial", "/mailboxes/ansokan%40lillestad.se/setup/trial", "#result[role=alert]");
}

fn mails(site: &Site, inspector: &Inspector) {
    inspector.visit("inbox", "/inboxes/jobb.lillestad.se%40mail.kundo.se");
    inspector.visit("target", "/targets/1");
    inspector.visit("target-new", "/inboxes/jobb.lillestad.se%40mail.kundo.se/targets");
    inspector.visit("inbox-empty", "/inboxes/ansokan.lillestad.se%40mail.kundo.se");
    for message in site.mailferry.messages() {
        let name = match text(&message, "message_id") {
            id if id.contains("html@") => "message-html",
            id if id.contains("none@") => "message-no-subject",
            id if id.contains("Sommarjobb") => "message-text",
            _ => continue,
        };
        let id = &message["id"];
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        inspector.visit(name, &format!("/messages/{id}"));
    }
}

/// Visits the pages that are shown only once, and the pages that need a link.
fn with_links(site: &Site, page: &Page, inspector: &Inspector) {
    page.go(&site.url(MAILBOX));
    page.click("form[action$='/link'] button");
    page.wait_for_element("#link");
    inspector.inspect("mailbox-link");
    let customer = Chromium::shared().page_in(inspector.language());
    Inspector::new(inspector.findings(), site, &customer, inspector.language(), "full")
        .visit_address("customer", &link_on(page));
    inspector.visit("people", "/people");
    page.click("form[action='/people/invite'] button");
    page.wait_for_element("#link");
    inspector.inspect("people-link");
    Inspector::new(inspector.findings(), site, &customer, inspector.language(), "full")
        .visit_address("invitation", &link_on(page));
    inspector.visit("settings", "/settings");
    page.fill("#name", &format!("Kundo {}", inspector.language()));
    page.click("form[action='/settings/tokens'] button");
    page.wait_for_element("#token");
    inspector.inspect("settings-token");
}
