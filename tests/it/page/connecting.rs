//! Connecting a mailbox with a password: every step, the connect link for the customer's own IT, and errors.

use super::{Site, assert_no_violations};
use crate::support::{
    chromium::{Chromium, Page},
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    mail::mail,
    oauth_server::OAuthServer,
};

const MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";

/// Goes through the steps from the address to the server, which is the test's own.
fn address_and_server(site: &Site, page: &Page, port: u16, tls: &str) {
    page.go(&site.url("/"));
    page.click_text(if page.text().contains("Anslut en postlåda") {
        "Anslut en postlåda"
    } else {
        "Connect a mailbox"
    });
    page.fill("#address", JOBB);
    page.click("form.card button");
    page.wait_for_element("#host");
    page.fill("#host", "localhost");
    page.fill("#port", &port.to_string());
    if tls == "none" {
        // The page offers "none" only if the host is already this machine, so another option gets that value.
        page.check("input[value=implicit]");
        page.eval("document.querySelector('input[name=tls][value=implicit]').value = 'none'");
    } else {
        page.check(&format!("input[value={tls}]"));
    }
    page.click("form.card button");
    page.wait_for_element("#password");
}

fn give_password(page: &Page, password: &str) {
    page.fill("#password", password);
    page.click_text(if page.text().contains("Använd lösenordet") {
        "Använd lösenordet"
    } else {
        "Use this password"
    });
}

#[test]
fn a_mailbox_is_set_up_step_by_step_and_not_polled_before_it_is_started() {
    let server = GreenMail::start(&[JOBB]);
    for subject in ["one", "two", "three"] {
        server.send("anna@example.se", &[JOBB], &mail(subject, JOBB));
    }
    let site = Site::new();
    let page = site.page_of("anna", "sv");
    address_and_server(&site, &page, server.imap, "none");
    page.fill("#password", "fel lösenord");
    page.click_text("Använd lösenordet");
    page.wait_for_text("Servern släppte inte in Mailferry");
    give_password(&page, "secret");
    page.wait_for_text("Inloggningen fungerar");
    assert!(page.has("input[value=INBOX]:checked") && page.text().contains("3 mejl"), "{}", page.text());
    page.click("form.card button");
    page.wait_for_text("I vilken inkorg");
    assert!(page.text().contains(JOBB_INBOX), "an inbox is proposed: {}", page.text());
    page.click("form.card button");
    page.wait_for_text("Vi ändrar aldrig något i postlådan");
    assert!(page.has("input[value=leave]:checked"), "leave is the default");
    page.click("form.card button");
    page.wait_for_text("Från när ska mejl hämtas");
    page.check("input[value=all]");
    page.click("form.card button");
    page.wait_for_text("3 mejl skulle hämtas");
    page.wait_for_text("Inget har importerats");
    assert_eq!(site.mailferry.messages().len(), 0, "nothing is imported by the dry run");
    assert_eq!(text(&site.mailferry.json(&["mailbox", "list"])[0], "state"), "setup");
    // Going back to a step keeps what was chosen.
    page.click_text("Från när");
    assert!(page.has("input[value=all]:checked"));
    page.click("form.card button");
    page.wait_for_text("3 mejl skulle hämtas");
    page.click_text("Starta");
    page.wait_for_text("Postlådan är startad");
    page.wait_for_text("0 ändrande kommandon skickade");
    crate::support::wait::within(std::time::Duration::from_secs(60), || {
        (site.mailferry.messages().len() == 3).then_some(())
    })
    .expect("the mails are imported");
    let mut customer = server.client(JOBB);
    customer.examine("INBOX");
    assert_eq!(customer.search("UNSEEN"), [1, 2, 3], "the customer's copy is unchanged");
    page.go(&site.url("/"));
    page.wait_for_text("Fungerar");
    assert!(page.text().contains(JOBB), "{}", page.text());
    assert_no_violations(&page);
}

#[test]
fn every_form_works_without_scripts() {
    let server = GreenMail::start(&[JOBB]);
    server.send("anna@example.se", &[JOBB], &mail("one", JOBB));
    let site = Site::new();
    let page = site.page();
    address_and_server(&site, &page, server.imap, "none");
    page.scripts_off();
    give_password(&page, "secret");
    for heading in ["Which inbox", "never changes anything", "How far back"] {
        page.click("form.card button");
        page.wait_for_text(heading);
    }
    page.check("input[value=all]");
    page.click("form.card button");
    page.click("#result a");
    page.wait_for_text("1 message would be fetched");
    page.click_text("Start");
    page.wait_for_text("The mailbox has been started");
    page.click_text("Pause");
    page.wait_for_text("The mailbox has been paused");
    page.click_text("På svenska");
    page.wait_for_text("Pausad");
}

#[test]
fn the_customer_enters_the_password_through_a_connect_link_and_the_operator_never_sees_it() {
    let server = GreenMail::start(&[JOBB]);
    let site = Site::new();
    let page = site.page();
    address_and_server(&site, &page, server.imap, "none");
    page.click_text("Create link");
    page.wait_for_text("Send this link to the customer");
    let link = page.eval("document.getElementById('link').textContent").as_str().unwrap().trim().to_owned();
    let customer = Chromium::shared().page_in("sv");
    customer.go(&link);
    customer.wait_for_text("Vi ändrar aldrig något i postlådan");
    customer.fill("#password", "fel");
    customer.click_text("Lämna lösenordet");
    customer.wait_for_text("Länken gäller fortfarande");
    customer.fill("#password", "secret");
    customer.click_text("Lämna lösenordet");
    customer.wait_for_text("är ansluten");
    customer.go(&link);
    customer.wait_for_text("Länken gäller inte");
    assert_no_violations(&customer);
    page.go(&site.url(&format!("{MAILBOX}/setup/folders")));
    page.wait_for_text("The login works.");
    for path in ["", "/setup/login", "/ledger"] {
        page.go(&site.url(&format!("{MAILBOX}{path}")));
        assert!(!page.html().contains("secret"), "a password is never shown again");
    }
    page.go(&site.url("/audit"));
    page.wait_for_text("connect link");
}

#[test]
fn a_failing_mailbox_shows_its_cause_and_is_repaired_on_its_page() {
    let server = GreenMail::start(&[JOBB]);
    server.send("anna@example.se", &[JOBB], &mail("one", JOBB));
    let site = Site::new();
    site.mailferry.add_inbox(JOBB_INBOX);
    site.mailferry.add_mailbox_with_password(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"], "wrong");
    let page = site.page_of("anna", "sv");
    page.wait_for_text("Behöver åtgärd");
    page.wait_for_text("Servern släppte inte in Mailferry");
    page.click_text(JOBB);
    page.click_text("Sök felet");
    page.wait_for_text("här stannar det");
    page.fill("#password", "secret");
    page.click_text("Byt lösenord");
    page.wait_for_text("Lösenordet är sparat");
    page.go(&site.url("/"));
    page.wait_for_text("Fungerar");
    page.wait_for_text("nyss");
    assert_eq!(site.mailferry.subjects(), ["one"]);
    assert_no_violations(&page);
}

#[test]
fn an_unknown_certificate_can_be_trusted_by_its_fingerprint() {
    let dovecot = Dovecot::start(&[JOBB]);
    let site = Site::new();
    let page = site.page();
    let options = dovecot.tls_options();
    let port = options.iter().skip_while(|word| *word != "--port").nth(1).unwrap().parse().unwrap();
    address_and_server(&site, &page, port, "implicit");
    give_password(&page, "secret");
    page.wait_for_text("not issued by any known authority");
    page.click_text("Trust this certificate");
    give_password(&page, "secret");
    page.wait_for_text("The login works.");
}

#[test]
fn a_consent_at_the_provider_connects_the_mailbox() {
    let provider = OAuthServer::start();
    let dovecot = Dovecot::start_with(&[JOBB], &provider.dovecot("xoauth2"), |certs| &certs.good);
    dovecot.deliver(JOBB, "INBOX", "one", &mail("one", JOBB));
    let mut mailferry = crate::support::mailferry::Mailferry::new();
    mailferry.configure(&provider.provider("contoso"));
    let site = Site::with_installation(mailferry);
    site.mailferry.add_inbox(JOBB_INBOX);
    let options = dovecot.tls_options();
    site.mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &options, &[]);
    let page = site.page();
    page.go(&site.url(MAILBOX));
    page.click_text("Renew consent at contoso");
    // The provider's login page accepts every name. The consent of another account is refused, and the refusal names both.
    page.fill("input[name=username]", "admin@lillestad.se");
    page.key("Enter");
    page.wait_for_text("admin@lillestad.se");
    assert!(page.url().starts_with(&site.url("/oauth/callback")) && page.text().contains(JOBB), "{}", page.text());
    page.go(&site.url(MAILBOX));
    page.click_text("Renew consent at contoso");
    page.fill("input[name=username]", JOBB);
    page.key("Enter");
    page.wait_for_text("The consent has been saved.");
    crate::support::wait::within(std::time::Duration::from_secs(60), || {
        (site.mailferry.messages().len() == 1).then_some(())
    })
    .expect("the mail is imported");
    // A redirect cannot be used twice, nor in another browser.
    page.go(&site.url("/oauth/callback?state=x&code=y"));
    page.wait_for_text("does not belong to an open request");
}
