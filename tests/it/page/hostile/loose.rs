//! The same, let loose: without this, a table of misspelt payloads and a witness without eyes would find all pages harmless.

use super::{payloads::payloads, witness::Witness};
use crate::support::{canary::Canary, chromium::Chromium, urlencoded::encode};

/// Of the payloads, so many do something by themselves wherever they stand as they are. The others need an attribute to get out
/// of, a second reader, our own tools, or a click.
const HARMFUL: usize = 100;

#[test]
fn what_is_let_loose_is_noticed() {
    let canary = Canary::start();
    let page = Chromium::shared().page();
    let witness = Witness::new(&page, "data:");
    let (mut harmful, mut before) = (0, 0);
    for payload in payloads(&canary) {
        page.go(&format!("data:text/html;charset=utf-8,{}", encode(&payload.text)));
        let now = witness.brought_about(&canary).len();
        harmful += usize::from(now > before);
        before = now;
        witness.look("let loose");
    }
    assert!(harmful >= HARMFUL, "{harmful} payloads do something");
    let findings = witness.findings(&canary);
    for kind in ["stranger", "script", "dialog", "request", "console", "canary"] {
        assert!(findings.iter().any(|finding| finding.starts_with(kind)), "no {kind} is noticed");
    }
}
