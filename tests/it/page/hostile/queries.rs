//! Payloads in the query of a page's address, which the page shows in a field.

use super::{
    payloads::{payloads, visible_characters},
    witness::Witness,
};
use crate::{
    page::Site,
    support::{
        canary::Canary,
        facts::{JOBB, JOBB_INBOX},
        urlencoded::encode,
    },
};

#[test]
fn hostile_request_parameters_are_displayed_and_not_executed() {
    let canary = Canary::start();
    let site = Site::new();
    site.mailferry.add_inbox(JOBB_INBOX);
    let nowhere = ["--host", "127.0.0.1", "--tls", "none", "--port", "1"].map(str::to_owned);
    site.mailferry.add_mailbox(JOBB, JOBB_INBOX, &nowhere, &[]);
    let page = site.page();
    let witness = Witness::on_site(&page, &site);
    for payload in payloads(&canary) {
        // The list of mailboxes reloads itself, with the query in its address.
        let path = if payload.number % 2 == 0 { "/" } else { "/search" };
        witness.visit(&format!("{path}?q={}", encode(&payload.text)));
        if payload.text.contains('\0') {
            continue; // the request is refused, because PostgreSQL accepts no NUL
        }
        let field = page.value("#q");
        witness.expect(visible_characters(&field) == visible_characters(&payload.text), || {
            format!("{} in {path}: {field}", payload.text)
        });
    }
    witness.assert_harmless(&canary);
}
