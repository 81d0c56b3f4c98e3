//! Tests of the test kit: the servers start, keep the mail they are given, and stop.

mod chromium;
mod dovecot_lmtp;
mod name_server;
mod oauth;
mod postfix;
mod sink;
mod standard_webhooks;
mod webhook;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, SystemTime},
};

use crate::support::{
    certs::{self, Certs},
    corpus,
    dovecot::{Dovecot, PASSWORD},
    greenmail::GreenMail,
    imap_client::ImapClient,
    mail::mail,
    postgres,
    scripted::{Scripted, transcript_names},
    sha256,
};

const USER: &str = "jobb@lillestad.se";

#[test]
fn greenmail_accepts_and_serves_mail_and_loses_it_when_restarted() {
    let mut server = GreenMail::start(&[USER, "ansokan@lillestad.se"]);
    server.send("anna@example.se", &[USER, "ansokan@lillestad.se"], &mail("hej", USER));
    let validity = |server: &GreenMail| {
        let status = server.client(USER).command("STATUS INBOX (UIDVALIDITY)");
        status[0].text.clone()
    };
    let before = validity(&server);
    assert!(String::from_utf8_lossy(&server.client(USER).examine("INBOX").fetch(1)).contains("Subject: hej"));
    assert_eq!(server.client("ansokan@lillestad.se").examine("INBOX").search("ALL"), [1]);

    server.restart();
    assert_eq!(server.client(USER).examine("INBOX").search("ALL"), [0; 0]);
    assert_ne!(validity(&server), before);
}

#[test]
fn dovecot_serves_the_mail_in_its_maildir() {
    let server = Dovecot::start(&[USER]);
    server.create_folder(USER, "Ärenden/Inkommet");
    let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    server.deliver_at(USER, "Ärenden/Inkommet", "first", &mail("hej", USER), day);
    let mut client = server.client(USER);
    client.examine("&AMQ-renden/Inkommet");
    assert_eq!(client.fetch(1), mail("hej", USER));
    let date = client.command("UID FETCH 1 (INTERNALDATE)");
    assert!(date[0].text.contains("14-Nov-2023 22:13:20"), "{date:?}");
    assert_eq!(server.untouched(USER, "Ärenden/Inkommet"), ["first"], "EXAMINE changes nothing");

    client.select("&AMQ-renden/Inkommet");
    client.command("UID STORE 1 +FLAGS (\\Seen Hamtad)");
    let stored = server.messages(USER, "Ärenden/Inkommet");
    assert_eq!((stored[0].name.as_str(), stored[0].flags.as_str()), ("first", "S"));
    assert_eq!(stored[0].keywords, ["Hamtad"]);
    let commands = server.commands_sent(USER);
    assert!(commands.iter().any(|command| command.starts_with("UID STORE 1")), "{commands:?}");
}

#[test]
fn dovecot_refuses_a_wrong_password() {
    let server = Dovecot::start(&[USER]);
    let login = |password: &str| catch_unwind(|| ImapClient::login(server.imap, USER, password)).is_ok();
    assert!(login(PASSWORD));
    assert!(!login("wrong"));
}

#[test]
fn every_test_gets_its_own_postgres_database() {
    let (one, two) = (postgres::fresh_database(), postgres::fresh_database());
    assert_ne!(one, two);
}

#[test]
fn the_scripted_server_follows_its_script_and_answers_other_commands_normally() {
    let samples = corpus::generated();
    let messages = samples.iter().take(9).map(|sample| sample.bytes.clone()).collect();
    let dialogue = "
        S: * OK ready
        C: TAG LOGIN *
        S: TAG OK welcome
        ORDINARY
        WHEN: TAG UID SEARCH *
        S: * SEARCH 3
        S: TAG OK done
    ";
    let server = Scripted::with_messages(&[dialogue], messages);
    let mut client = ImapClient::login(server.port, USER, "secret");
    client.examine("INBOX");
    assert_eq!(client.search("ALL"), [3]);
    for uid in 1..=9 {
        assert_eq!(sha256::hex(&client.fetch(uid)), sha256::hex(&samples[uid as usize - 1].bytes));
    }
    let part = client.command("UID FETCH 3 (BODY.PEEK[]<2.5>)");
    assert_eq!(part[0].literals[0], b"om: a");
    drop(client);
    let sessions = server.finish();
    assert!(sessions[0].has_credentials("secret"));
}

#[test]
fn every_transcript_can_be_parsed() {
    let names = transcript_names();
    assert!(!names.is_empty());
    let dialogues: Vec<String> = names.iter().map(|name| format!("INCLUDE: {name}")).collect();
    let dialogues: Vec<&str> = dialogues.iter().map(String::as_str).collect();
    drop(Scripted::start(&dialogues));
}

#[test]
fn test_servers_present_the_configured_certificate() {
    let dovecot = Dovecot::start_with(&[USER], "", |certs| &certs.self_signed_ca);
    assert_eq!(certs::shown_by(dovecot.imaps), dovecot.certs.self_signed_ca.fingerprint);
    let dir = tempfile::TempDir::new().unwrap();
    let identity = Certs::make(dir.path()).expired;
    let scripted = Scripted::with_tls(&["S: * OK ready"], &identity, true);
    assert_eq!(certs::shown_by(scripted.port), identity.fingerprint);
}

#[test]
fn the_scripted_server_can_omit_a_mail_and_drop_the_connection() {
    let two = vec![mail("one", USER), mail("two", USER)];
    let omits = Scripted::with_messages(&["INCLUDE: fetch-omits-one.imap"], two.clone());
    let mut client = ImapClient::login(omits.port, USER, "secret");
    client.examine("INBOX");
    assert_eq!(client.search("ALL"), [1, 2]);
    let answers = client.command("UID FETCH 1:2 (UID BODY.PEEK[])");
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].literals[0], two[1]);

    let says_bye = Scripted::with_messages(&["INCLUDE: fetch-bye.imap"], two);
    let mut client = ImapClient::login(says_bye.port, USER, "secret");
    client.examine("INBOX");
    let fetched = catch_unwind(AssertUnwindSafe(|| client.fetch(1)));
    assert!(fetched.is_err());
}
