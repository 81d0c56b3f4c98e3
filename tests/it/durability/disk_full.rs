//! The disk under the SQLite database fills up in the middle of an import.

use std::time::Duration;

use super::{add_mailbox_with_delete, assert_all_imported_once_and_no_copy_left};
use crate::support::{
    delivered::Delivered, dovecot::Dovecot, facts::JOBB, facts::text, knob, mailferry::Mailferry,
    small_disk::SmallDisk, wait,
};

#[test]
fn a_poll_on_a_full_disk_reports_it_and_deletes_no_mail_that_is_not_stored() {
    if let Some(disk) = mounted() {
        poll_repeatedly(disk);
    }
}

#[test]
fn a_poll_at_the_file_size_limit_reports_it_and_deletes_no_mail_that_is_not_stored() {
    poll_repeatedly(SmallDisk::Limited);
}

#[test]
fn serve_continues_when_the_disk_has_free_space_again() {
    if let Some(disk) = mounted() {
        serve_until_there_is_room(disk);
    }
}

#[test]
fn serve_continues_when_its_files_can_grow_again() {
    serve_until_there_is_room(SmallDisk::Limited);
}

fn mounted() -> Option<SmallDisk> {
    let disk = SmallDisk::mounted();
    if disk.is_none() {
        println!("NOT TESTED: this system lets us mount nothing, not even in a name space of our own");
    }
    disk
}

/// An installation on this disk, and a mailbox with more mail than the disk can hold.
fn too_much_mail(disk: &SmallDisk) -> (Dovecot, Mailferry, Delivered) {
    let server = Dovecot::start(&[JOBB]);
    let mut mailferry = Mailferry::new();
    disk.use_for(&mut mailferry);
    add_mailbox_with_delete(&mut mailferry, &server);
    let mut delivered = Delivered::default();
    delivered.deliver(&server, 250, &mut knob::random("disk full"));
    (server, mailferry, delivered)
}

fn poll_repeatedly(mut disk: SmallDisk) {
    let (server, mut mailferry, delivered) = too_much_mail(&disk);
    for _ in 0..3 {
        let error = mailferry.poll_error();
        println!("{error}");
        assert_eq!(text(&error, "blame"), "us");
        let why = text(&error, "message");
        assert!(why.contains("full") || why.contains("disk I/O error"), "{why}");
        delivered.assert_nothing_lost(&server, &mailferry);
        println!("{} stored, {} with the customer", mailferry.messages().len(), server.names(JOBB, "INBOX").len());
    }
    assert!(mailferry.messages().len() < delivered.len(), "the disk was large enough");
    disk.enlarge(&mut mailferry, None);
    mailferry.poll_ok();
    assert_all_imported_once_and_no_copy_left(&delivered, &server, &mailferry);
}

fn serve_until_there_is_room(mut disk: SmallDisk) {
    let (server, mut mailferry, delivered) = too_much_mail(&disk);
    let mut serve = mailferry.serve();
    // The cause is reported by the poll itself, or by the next query for due mailboxes.
    let failures = || serve.output().matches("database").count();
    let limit = Duration::from_secs(60);
    wait::until("two failures", limit, || (failures() >= 2).then_some(()));
    delivered.assert_nothing_lost(&server, &mailferry);
    assert!(mailferry.messages().len() < delivered.len(), "the disk was large enough");
    disk.enlarge(&mut mailferry, Some(&serve));
    let rest = wait::within(limit, || server.names(JOBB, "INBOX").is_empty().then_some(()));
    println!("{}", serve.output());
    assert!(rest.is_some(), "serve does not continue");
    serve.sigterm();
    assert!(serve.wait().success(), "{}", serve.output());
    assert_all_imported_once_and_no_copy_left(&delivered, &server, &mailferry);
}
