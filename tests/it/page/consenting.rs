//! Connecting a mailbox by a consent at its provider, from the address to the mail, in one browser: by the mailbox's owner,
//! and by a member of a shared mailbox.

use std::time::Duration;

use super::Site;
use crate::support::{
    certs,
    chromium::{Chromium, Page},
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text},
    mail::mail,
    mailferry::Mailferry,
    oauth_server::OAuthServer,
    wait,
};

const MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";
const INBOX: &str = "/inboxes/jobb.lillestad.se%40mail.kundo.se";
/// A member of the shared mailbox.
const ANNA: &str = "anna@lillestad.se";
/// A person who is not a member.
const BO: &str = "bo@lillestad.se";

/// An installation whose application is registered with the provider of this machine's mail server.
fn site(provider: &OAuthServer) -> Site {
    let mut mailferry = Mailferry::new();
    mailferry.configure(&format!("{}imap_host = \"localhost\"\n", provider.provider("contoso")));
    Site::with_installation(mailferry)
}

/// Goes through the step of the server, pinning its certificate, to the step of the login.
fn page_of_login(site: &Site, dovecot: &Dovecot) -> Page {
    let page = site.page();
    page.click_text("Connect a mailbox");
    page.fill("#address", JOBB);
    page.click("form.card button");
    page.wait_for_element("#host");
    page.fill("#host", "localhost");
    page.fill("#port", &dovecot.imaps.to_string());
    page.check("input[value=implicit]");
    page.click("form.card details summary");
    page.fill("#pin", &certs::shown_by(dovecot.imaps));
    page.click_text("Next");
    page.wait_for_text("How does Mailferry log in?");
    page
}

/// Follows the wizard's button to the provider and consents there as this account.
fn consent(page: &Page, account: &str) {
    page.click_text("Connect with contoso");
    page.wait_for_element("input[name=username]");
    page.fill("input[name=username]", account);
    page.key("Enter");
}

/// Goes through the steps from the folders to the start, with the proposed choices and all existing mail.
fn start_mailbox(page: &Page, dry_run: &str) {
    page.wait_for_text("Which folders should Mailferry fetch?");
    page.click("form.card button");
    page.wait_for_text("Which inbox should the mail go to?");
    page.click("form.card button");
    page.wait_for_text("What happens to the customer's copy?");
    page.click("form.card button");
    page.wait_for_text("How far back should Mailferry fetch mail?");
    page.check("input[value=all]");
    page.click("form.card button");
    page.wait_for_text(dry_run);
    page.wait_for_text("Nothing was imported");
    page.click_text("Start");
    page.wait_for_text("The mailbox has been started.");
}

/// Waits until the mail is in the inbox, and opens it.
fn open_mail(site: &Site, page: &Page, subject: &str) {
    wait::until("the mail in the inbox", Duration::from_secs(60), || {
        page.go(&site.url(INBOX));
        page.text().contains(subject).then_some(())
    });
    page.click_text(subject);
    page.wait_for_text(&format!("det gäller {subject}."));
}

/// The text of a folder in the folder list.
fn offer(page: &Page, folder: &str) -> String {
    let label = format!("document.querySelector('input[name=folder][value=\"{folder}\"]').closest('label').innerText");
    page.eval(&label).as_str().unwrap().to_owned()
}

/// No request left this machine. The provider's login page requests a font from another host, which fails.
fn assert_nothing_leaves(page: &Page) {
    let mut leaving = page.external_requests();
    leaving.retain(|url| !url.starts_with("http://fonts.googleapis.com/"));
    assert_eq!(leaving, [""; 0]);
}

/// The identities whose consents are stored.
fn consents(site: &Site) -> Vec<String> {
    site.mailferry.json(&["oauth", "status"]).iter().map(|status| text(status, "identity").to_owned()).collect()
}

/// Names the member as the account that signs in.
fn name_member(page: &Page) {
    page.click("form:has([name=identity]) summary");
    page.fill("#identity-contoso", ANNA);
}

#[test]
fn a_mailbox_is_connected_with_the_consent_button_and_its_mail_is_imported() {
    let provider = OAuthServer::start();
    let dovecot = Dovecot::start_with(&[JOBB], &provider.dovecot("xoauth2"), |certs| &certs.good);
    dovecot.create_folder(JOBB, "Arkiv");
    for (folder, subject) in [("INBOX", "sommarjobb"), ("INBOX", "praktik"), ("Arkiv", "gammalt")] {
        dovecot.deliver(JOBB, folder, subject, &mail(subject, JOBB));
    }
    let site = site(&provider);
    let page = page_of_login(&site, &dovecot);
    assert!(!page.has("form[action$='/consent'] button.second"), "the server's own provider is proposed");
    consent(&page, JOBB);
    page.wait_for_text("The login works.");
    assert_eq!(page.url(), site.url(&format!("{MAILBOX}/setup/folders")), "back at the wizard's next step");
    assert!(offer(&page, "INBOX").contains("2 messages") && page.has("input[value=INBOX]:checked"), "{}", page.text());
    assert!(offer(&page, "Arkiv").contains("1 message") && !page.has("input[value=Arkiv]:checked"), "{}", page.text());
    start_mailbox(&page, "2 messages would be fetched");
    page.wait_for_text(&format!("with the consent of {JOBB} (contoso)"));
    open_mail(&site, &page, "praktik");
    assert_eq!(site.mailferry.subjects(), ["praktik", "sommarjobb"], "the other folder was not chosen");
    assert_eq!(dovecot.untouched(JOBB, "INBOX").len(), 2, "the customer's copies are unchanged");
    page.go(&site.url("/"));
    page.wait_for_text("Working");
    assert_nothing_leaves(&page);
}

#[test]
fn a_member_connects_a_shared_mailbox_and_other_accounts_are_refused_by_name() {
    let provider = OAuthServer::start();
    let dovecot = Dovecot::start_with(&[JOBB], &provider.dovecot_for_members("xoauth2"), |certs| &certs.good);
    dovecot.deliver(JOBB, "INBOX", "delat", &mail("delat", JOBB));
    let site = site(&provider);
    let page = page_of_login(&site, &dovecot);
    // The consent of any other account is refused, even that of the mailbox's own account.
    for other in [BO, JOBB] {
        name_member(&page);
        consent(&page, other);
        page.wait_for_text(&format!("{other} consented, but {ANNA} should have."));
        assert_eq!(consents(&site), [""; 0], "no consent of {other} is stored");
    }
    name_member(&page);
    consent(&page, ANNA);
    page.wait_for_text("The login works.");
    assert!(offer(&page, "INBOX").contains("1 message"), "{}", page.text());
    start_mailbox(&page, "1 message would be fetched");
    page.wait_for_text(&format!("with the consent of {ANNA} (contoso)"));
    open_mail(&site, &page, "delat");
    assert_eq!(consents(&site), [ANNA]);
    let message = site.mailferry.messages().remove(0);
    assert_eq!((text(&message, "mailbox"), text(&message, "inbox")), (JOBB, JOBB_INBOX));
    assert!(!dovecot.commands_sent(JOBB).is_empty(), "the server has opened the shared mailbox");
    // A later consent is for the same member, unless another is chosen.
    page.go(&site.url(&format!("{MAILBOX}/setup/login")));
    assert_eq!(page.value("#identity-contoso"), ANNA);
    assert_nothing_leaves(&page);
}

#[test]
fn a_customer_who_chose_the_wrong_account_can_retry_on_the_error_page() {
    let provider = OAuthServer::start();
    let dovecot = Dovecot::start_with(&[JOBB], &provider.dovecot_for_members("xoauth2"), |certs| &certs.good);
    let site = site(&provider);
    let page = page_of_login(&site, &dovecot);
    page.click_text("Create link");
    page.wait_for_text("Send this link to the customer");
    let link = page.eval("document.getElementById('link').textContent").as_str().unwrap().trim().to_owned();
    let customer = Chromium::shared().page_in("en");
    customer.go(&link);
    name_member(&customer);
    consent(&customer, BO);
    customer.wait_for_text(&format!("{BO} consented, but {ANNA} should have."));
    name_member(&customer);
    consent(&customer, ANNA);
    customer.wait_for_text(&format!("{JOBB} is connected."));
    assert_eq!(consents(&site), [ANNA]);
    customer.go(&link);
    customer.wait_for_text("This link is no longer valid");
    assert_nothing_leaves(&customer);
    page.go(&site.url(&format!("{MAILBOX}/setup/folders")));
    page.wait_for_text("The login works.");
}
