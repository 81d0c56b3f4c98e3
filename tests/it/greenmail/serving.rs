//! `mailferry serve`, which polls on schedule.

use std::time::Duration;

use super::{mailbox, send};
use crate::support::{
    facts::JOBB,
    greenmail::GreenMail,
    mailferry::{Database, databases},
    wait,
};

const TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn serve_imports_mail_that_arrives_while_it_runs() {
    for database in databases() {
        let server = GreenMail::start(&[JOBB]);
        let mailferry = mailbox(&server, database, &["--interval", "1s"]);
        send(&server, &["before"]);
        let mut serve = mailferry.serve();
        assert_eq!(serve.get("/healthz"), Some(200));
        let arrives = |subjects: &[&str]| {
            wait::until(&format!("{subjects:?}"), TIMEOUT, || (mailferry.subjects() == subjects).then_some(()));
        };
        arrives(&["before"]);
        send(&server, &["while"]);
        arrives(&["before", "while"]);

        serve.sigterm();
        assert!(serve.wait().success(), "{}", serve.output());
        assert_eq!(mailferry.poll_ok(), 0, "nothing was left over");
    }
}

#[test]
fn another_serve_process_continues_after_a_kill() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &["--interval", "1s"]);
    let mut first = mailferry.serve();
    send(&server, &["one"]);
    wait::until("the first mail", TIMEOUT, || (mailferry.subjects() == ["one"]).then_some(()));
    first.kill9();
    send(&server, &["two"]);
    let _second = mailferry.serve();
    wait::until("the second mail", TIMEOUT, || (mailferry.subjects() == ["one", "two"]).then_some(()));
}
