//! PostgreSQL stops, or hangs, while `serve` imports with "delete".
//!
//! MAILFERRY_TEST_OUTAGE_SECONDS makes the outage longer.

use std::time::{Duration, Instant};

use super::{add_mailbox_with_delete, assert_all_imported_once_and_no_copy_left};
use crate::support::{
    delivered::Delivered, dovecot::Dovecot, facts::JOBB, knob, mailferry::Mailferry, own_postgres::OwnPostgres, wait,
};

const TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn serve_pauses_while_the_database_is_unreachable_and_then_continues() {
    outage(OwnPostgres::stop, OwnPostgres::start_again);
}

#[test]
fn serve_pauses_while_the_database_hangs_and_then_continues() {
    outage(OwnPostgres::freeze, OwnPostgres::thaw);
}

fn outage(stop: fn(&mut OwnPostgres), resume: fn(&mut OwnPostgres)) {
    let length = Duration::from_secs(knob::number_from("MAILFERRY_TEST_OUTAGE_SECONDS").unwrap_or(3));
    let mut random = knob::random("database gone");
    let server = Dovecot::start(&[JOBB]);
    let mut database = OwnPostgres::start();
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY_DATABASE_URL", &database.url());
    add_mailbox_with_delete(&mut mailferry, &server);
    let mut delivered = Delivered::default();
    delivered.deliver(&server, 400, &mut random);
    let mut serve = mailferry.serve();
    wait::until("the first mail", TIMEOUT, || (!mailferry.messages().is_empty()).then_some(()));

    stop(&mut database);
    wait::until("/readyz tells", TIMEOUT, || (serve.get("/readyz") == Some(503)).then_some(()));
    assert_eq!(serve.get("/healthz"), Some(200), "the process is still running");
    let copies = server.messages(JOBB, "INBOX");
    assert!(!copies.is_empty(), "the import ended before the outage");
    println!("{} of {} copies are there when the database goes", copies.len(), delivered.len());
    let change = wait::within(length, || (server.messages(JOBB, "INBOX") != copies).then_some(()));
    assert!(change.is_none(), "a copy was changed without a database:\n{}", serve.output());
    delivered.deliver(&server, 20, &mut random);
    assert_eq!(serve.get("/readyz"), Some(503));

    resume(&mut database);
    let back = Instant::now();
    delivered.assert_nothing_lost(&server, &mailferry);
    wait::until("/readyz is well", TIMEOUT, || (serve.get("/readyz") == Some(200)).then_some(()));
    println!("ready {:?} after the database is back", back.elapsed());
    let rest = wait::within(2 * TIMEOUT, || server.names(JOBB, "INBOX").is_empty().then_some(()));
    println!("everything {:?} after the database is back; the log:\n{}", back.elapsed(), serve.output());
    assert!(rest.is_some(), "serve does not continue");
    serve.sigterm();
    assert!(serve.wait().success(), "{}", serve.output());
    assert_all_imported_once_and_no_copy_left(&delivered, &server, &mailferry);
}
