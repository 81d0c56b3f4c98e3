//! The look of every page, in both languages, on a desktop and on a phone, in light and dark mode. The screenshots are in
//! `target/screenshots`; everything that can be checked automatically is asserted.

mod full;
mod inspector;

use super::{PASSWORD, Site};
use crate::support::{
    chromium::{Chromium, Page},
    mailferry::Mailferry,
};

use inspector::{Findings, Inspector};

const LANGUAGES: [&str; 2] = ["sv", "en"];

/// A browser in which this person is signed in and the pages are in this language.
fn reader(site: &Site, name: &str, language: &str) -> Page {
    let page = site.page_of(name, language);
    if page.eval("document.documentElement.lang") != language {
        page.click("footer button");
    }
    page
}

/// The pages of an empty installation.
#[test]
fn every_page_of_an_empty_installation_looks_right() {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__HTTP__INBOX_DOMAIN", "");
    let serve = mailferry.serve();
    let output = serve.output();
    let link = output.split_whitespace().find(|word| word.starts_with("http://localhost:")).expect("a link").to_owned();
    mailferry.ok_with_input(&["user", "add", "anna", "--role", "operator", "--password-stdin"], PASSWORD);
    let site = Site { mailferry, serve };
    let findings = Findings::default();
    for language in LANGUAGES {
        let guest = Chromium::shared().page_in(language);
        let inspector = Inspector::new(&findings, &site, &guest, language, "empty");
        inspector.visit("login", "/login");
        // The link for the first account is used up.
        inspector.visit_address("link-over", &link);
        let page = reader(&site, "anna", language);
        let inspector = Inspector::new(&findings, &site, &page, language, "empty");
        let paths =
            ["/", "/connect", "/inboxes", "/search", "/search?q=bygglov", "/audit", "/people", "/settings", "/account"];
        let names =
            ["mailboxes", "connect", "inboxes", "search", "search-none", "audit", "people", "settings", "account"];
        for (name, path) in names.into_iter().zip(paths) {
            inspector.visit(name, path);
        }
    }
    findings.assert_none();
}

#[test]
fn the_first_account_page_and_the_404_page_look_right() {
    let mailferry = Mailferry::new();
    let serve = mailferry.serve();
    let output = serve.output();
    let link = output.split_whitespace().find(|word| word.starts_with("http://localhost:")).expect("a link").to_owned();
    let site = Site { mailferry, serve };
    let findings = Findings::default();
    for language in LANGUAGES {
        let guest = Chromium::shared().page_in(language);
        let inspector = Inspector::new(&findings, &site, &guest, language, "empty");
        inspector.visit("login-no-accounts", "/login");
        inspector.visit_address("setup", &link);
    }
    findings.assert_none();
}
