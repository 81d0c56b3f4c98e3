//! The payloads on an unprotected page, which shows that they work and that the witness notices them.

use super::{payloads::payloads, witness::Witness};
use crate::support::{canary::Canary, chromium::Chromium, urlencoded::encode};

/// The minimum number of payloads that have an effect on any page without protection. The others need an attribute to break
/// out of, a second parser, our own scripts, or a click.
const HARMFUL: usize = 100;

#[test]
fn payloads_without_protection_are_detected() {
    let canary = Canary::start();
    let page = Chromium::shared().page();
    let witness = Witness::new(&page, "data:");
    let (mut harmful, mut before) = (0, 0);
    for payload in payloads(&canary) {
        page.go(&format!("data:text/html;charset=utf-8,{}", encode(&payload.text)));
        let now = witness.effects_of(&canary).len();
        harmful += usize::from(now > before);
        before = now;
        witness.inspect("let loose");
    }
    assert!(harmful >= HARMFUL, "{harmful} payloads have an effect");
    let findings = witness.findings(&canary);
    for kind in ["stranger", "script", "dialog", "request", "console", "canary"] {
        assert!(findings.iter().any(|finding| finding.starts_with(kind)), "no {kind} is detected");
    }
}
