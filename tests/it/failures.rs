//! Failures are reported, with the step at which they happened, and never look like "no new mail".

mod answers;
mod certificates;
mod connecting;
mod secrets;
mod starttls;

use serde_json::Value;

use crate::support::{
    facts::{JOBB, JOBB_INBOX, keys, text},
    mailferry::Mailferry,
};

/// A password that is in no dictionary, so that finding it anywhere means a leak.
const CANARY: &str = "kanarie-Xq7vB2-pw";

/// An installation whose only mailbox is on this server, with CANARY as its password.
fn mailbox(options: &[String], more: &[&str]) -> Mailferry {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let more = [&["--start", "all"], more].concat();
    mailferry.add_mailbox_with_password(JOBB, JOBB_INBOX, options, &more, CANARY);
    mailferry
}

/// Polls, and checks that the poll fails at this step with a message that contains one of these words.
fn fails_at(mailferry: &Mailferry, step: &str, words: &[&str]) -> Value {
    let error = mailferry.poll_error();
    assert_eq!(keys(&error), ["blame", "message", "retry", "step"]);
    assert_eq!(text(&error, "step"), step, "{error}");
    let message = text(&error, "message").to_lowercase();
    assert!(words.iter().any(|word| message.contains(&word.to_lowercase())), "one of {words:?} in {error}");
    assert!(!text(&error, "blame").is_empty(), "{error}");
    assert!(!error.to_string().contains(CANARY));
    // Without --json, the output names the step too.
    let output = mailferry.run(&["poll"]);
    assert_eq!(output.code, 1);
    assert!(output.all().contains(step), "the output must name the step {step}:\n{}", output.all());
    assert!(!output.all().contains(CANARY));
    error
}
