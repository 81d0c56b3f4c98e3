//! `mailferry serve` while it fetches a mail: after one signal it finishes its work, after a second it exits at once.

use std::time::{Duration, Instant};

use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::{Mailferry, Serve},
    scripted::Scripted,
    wait,
};

const TIMEOUT: Duration = Duration::from_secs(60);

/// A server that returns the first of two mails and then hangs, a mailbox on it, and a `serve` that has imported the first.
fn serve_during_fetch() -> (Mailferry, Serve) {
    let (one, two) = (mail("one", JOBB), mail("two", JOBB));
    let body = String::from_utf8(one.clone()).unwrap().replace('\r', "\\r").replace('\n', "\\n");
    let hangs = format!(
        "S: * OK ready\nORDINARY\n\nWHEN: TAG UID FETCH *BODY.PEEK[]*\n\
         S-RAW: * 1 FETCH (UID 1 BODY[] {{{}}}\\r\\n{body})\\r\\n\nDELAY 600000\n",
        one.len()
    );
    let server = Scripted::with_messages(&[&hangs, "S: * OK ready\nORDINARY"], vec![one, two]);
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "1");
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    let serve = mailferry.serve();
    wait::until("the first mail", TIMEOUT, || (mailferry.subjects() == ["one"]).then_some(()));
    std::mem::forget(server); // its end would wait for the connection that hangs
    (mailferry, serve)
}

#[test]
fn after_one_signal_serve_ends_successfully_and_the_next_poll_continues() {
    let (mailferry, mut serve) = serve_during_fetch();
    serve.sigterm();
    assert!(serve.wait().success(), "{}", serve.output());
    assert_eq!(mailferry.subjects(), ["one"]);
    assert_eq!(mailferry.poll_ok(), 1, "no lease is held");
    assert_eq!(mailferry.subjects(), ["one", "two"]);
}

#[test]
fn a_second_signal_exits_immediately() {
    let (mailferry, mut serve) = serve_during_fetch();
    serve.sigterm();
    wait::until("the first signal is heard", TIMEOUT, || (serve.get("/readyz") == Some(503)).then_some(()));
    let signalled = Instant::now();
    serve.sigterm();
    assert!(!serve.wait().success(), "the poll did not finish");
    assert!(signalled.elapsed() < Duration::from_secs(5), "the current message is not finished");
    assert_eq!(mailferry.poll_ok(), 1, "the lease is free at once, since its holder is dead");
}
