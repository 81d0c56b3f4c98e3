//! The installation that the snapshots show: two organisations, people with the three roles, and a mailbox of each kind.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    thread,
    time::Duration,
};

use mailferry::test_server::{Account, Answer, Reply};
use serde_json::Value;

use super::{mails, masks::Masks};
use crate::support::{
    facts::{ANSOKAN, ANSOKAN_INBOX, JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mail::mail,
    mailferry::{Mailferry, Output, Serve},
    oauth_client,
    ports::free_port,
    wait,
};

pub const PASSWORD: &str = "rätt häst batteri";
/// A paused mailbox, which is never polled.
pub const PAUSED: &str = "paus@lillestad.se";
/// A mailbox that has only mail from before its start.
pub const OLD_MAIL_ONLY: &str = "arkiv@lillestad.se";
/// A mailbox whose server opens folders read-only, so mails cannot be marked as seen.
pub const READ_ONLY: &str = "felanmalan@lillestad.se";
/// A mailbox whose server is down.
pub const DOWN: &str = "post@strand.se";
/// A mailbox of the other organisation, with OAuth but without a consent.
pub const WITHOUT_CONSENT: &str = "post@vikby.se";
pub const ALL_MAILBOXES: [&str; 7] = [JOBB, ANSOKAN, PAUSED, OLD_MAIL_ONLY, READ_ONLY, DOWN, WITHOUT_CONSENT];
pub const VIKBY: &str = "vikby";
pub const VIKBY_INBOX: &str = "post.vikby.se@mail.kundo.se";

pub struct Installation {
    pub mailferry: Mailferry,
    pub masks: Masks,
    pub jobb: Faulty,
    pub locked: Faulty,
    pub old_mail_only: Faulty,
    pub read_only: Faulty,
    /// A port on which nothing listens.
    pub down: u16,
}

impl Installation {
    /// An installation without inboxes, mailboxes and users.
    pub fn empty() -> Self {
        let down = free_port();
        let mut mailferry = Mailferry::in_memory();
        let provider =
            oauth_client::provider("kontoso", &format!("http://127.0.0.1:{down}"), "imap_host = \"127.0.0.1\"\n");
        let http = format!("[http]\nlisten = \"127.0.0.1:{}\"\ninbox_domain = \"mail.kundo.se\"\n", free_port());
        mailferry.configure(&format!("{provider}[deadlines]\ndns = \"300ms\"\n{http}"));
        fs::set_permissions(mailferry.dir(), Permissions::from_mode(0o700)).unwrap();
        mailferry.env("LC_ALL", "C.UTF-8");
        mailferry.env("COLUMNS", "100");
        mailferry.unset("MAILFERRY__SCHEDULE__LEAST_INTERVAL");
        let mut read_only = Account::with_mails([mail("Lampan är trasig", READ_ONLY)]);
        read_only.faults.read_only = true;
        let mut locked = Account::default();
        let answer = Answer::Tagged("NO [AUTHENTICATIONFAILED] Authentication failed.".to_owned());
        locked.faults.replies = vec![Reply { command: "LOGIN".to_owned(), after: 0, times: None, answer }];
        let mut jobb = Account::with_mails(mails::all());
        jobb.folder("Klart");
        let installation = Self {
            jobb: Faulty::start(jobb),
            locked: Faulty::start(locked),
            old_mail_only: Faulty::start(Account::with_mails([mail("Gammalt", OLD_MAIL_ONLY)])),
            read_only: Faulty::start(read_only),
            down,
            masks: Masks::new(),
            mailferry,
        };
        installation.with_masks()
    }

    fn with_masks(mut self) -> Self {
        self.masks.mask(&self.mailferry.dir().to_string_lossy(), "DIR");
        let servers = [
            (&self.jobb, "JOBB"),
            (&self.locked, "LOCKED"),
            (&self.old_mail_only, "OLD-MAIL-ONLY"),
            (&self.read_only, "READ-ONLY"),
        ];
        for (server, name) in servers {
            self.masks.mask(&port(server), &format!("{name}-PORT"));
        }
        self.masks.mask(&self.down.to_string(), "DOWN-PORT");
        self
    }

    /// A complete installation, in which each mailbox except the paused one has been polled.
    pub fn full() -> Self {
        let installation = Self::empty();
        installation.add_inboxes();
        installation.add_people();
        installation.add_mailboxes();
        installation.add_target();
        for address in [JOBB, ANSOKAN, OLD_MAIL_ONLY, READ_ONLY, DOWN, WITHOUT_CONSENT] {
            installation.run(&format!("poll {address}"));
        }
        installation.rebuild_jobb();
        installation.run(&format!("poll {JOBB}"));
        installation
    }

    /// Rebuilds JOBB's folder INBOX, so that its mails have other UIDs, and delivers a mail.
    pub fn rebuild_jobb(&self) {
        let mut account = self.jobb.account();
        account.inbox().renumber(18);
        account.inbox().append(mail("Efter flytten", JOBB));
    }

    pub fn add_inboxes(&self) {
        for line in [
            format!("inbox add {JOBB_INBOX} --name Jobb --reply-from {JOBB}"),
            format!("inbox add --for {ANSOKAN} --domain mail.kundo.se"),
            "inbox add bygglov.lillestad.se@mail.kundo.se".to_owned(),
            format!("inbox add {VIKBY_INBOX} --organisation {VIKBY}"),
            format!("route add --inbox bygglov.lillestad.se@mail.kundo.se --recipient {}", mails::BYGGLOV),
        ] {
            self.ok(&line);
        }
    }

    pub fn add_people(&self) {
        for (name, role) in [
            ("anna", "operator"),
            ("arvid", "operator"),
            ("bo", "admin --organisation default"),
            ("eva", "viewer --organisation default"),
            ("ville", "admin --organisation vikby"),
        ] {
            self.ok(&format!("user add {name} --role {role} --password-stdin"));
        }
    }

    pub fn add_mailboxes(&self) {
        let add_mailbox = |address: &str, inbox: &str, port: &str, more: &str| {
            let server = format!("--host 127.0.0.1 --tls none --port {port} --interval 1d");
            self.ok(&format!("mailbox add {address} --inbox {inbox} {server} {more}"));
        };
        let by_password = "--password-stdin --start all";
        add_mailbox(JOBB, JOBB_INBOX, &port(&self.jobb), &format!("{by_password} --max-size {}", mails::MAX_SIZE));
        add_mailbox(ANSOKAN, ANSOKAN_INBOX, &port(&self.locked), by_password);
        add_mailbox(PAUSED, JOBB_INBOX, &port(&self.jobb), &format!("{by_password} --after-import move:Klart"));
        self.ok(&format!("mailbox pause {PAUSED}"));
        add_mailbox(OLD_MAIL_ONLY, JOBB_INBOX, &port(&self.old_mail_only), "--password-stdin --start now");
        add_mailbox(READ_ONLY, JOBB_INBOX, &port(&self.read_only), &format!("{by_password} --after-import seen"));
        add_mailbox(DOWN, JOBB_INBOX, &self.down.to_string(), by_password);
        self.ok(&format!(
            "mailbox add {WITHOUT_CONSENT} --inbox {VIKBY_INBOX} --oauth kontoso --host 127.0.0.1 --tls none --port {} --interval 1d",
            port(&self.jobb)
        ));
    }

    /// Adds a paused target, for which a mail waits.
    pub fn add_target(&self) {
        self.ok(&format!("inbox deliver {JOBB_INBOX} --smtp smtp://127.0.0.1:1 --username relay"));
        self.ok("inbox delivery pause 1");
    }

    /// Runs a command line that contains no quotes, with the password as its input.
    pub fn run(&self, line: &str) -> Output {
        let args: Vec<&str> = line.split_whitespace().collect();
        self.mailferry.run_with_input(&args, PASSWORD)
    }

    pub fn ok(&self, line: &str) {
        let output = self.run(line);
        assert_eq!(output.code, 0, "mailferry {line}:\n{}", output.all());
    }

    /// Creates a token with this name and these options, such as its scope; returns the token.
    pub fn token(&self, name: &str, more: &str) -> String {
        let line = format!("--json token create --name {name} {more}");
        text(&self.run(&line).json()[0], "token").to_owned()
    }

    /// Starts `serve`, and waits until the mailboxes that wait for a person have been polled again, which happens at each start.
    pub fn serve(&mut self) -> Serve {
        let lines = || self.run("--json mailbox list").json();
        let waits = |line: &Value| line["error"].is_object() && line["error"]["retry"].is_null();
        let waiting: Vec<Value> = lines().into_iter().filter(waits).collect();
        let is_tried =
            |line: &Value| waiting.iter().all(|old| old["address"] != line["address"] || is_later(line, old));
        // Times are shown in whole seconds, so the new polls must begin in a later second than the old ones.
        thread::sleep(Duration::from_secs(1));
        let serve = self.mailferry.serve();
        wait::until("the first polls", Duration::from_secs(60), || {
            thread::sleep(Duration::from_millis(200));
            lines().iter().all(is_tried).then_some(())
        });
        self.masks.mask(&serve.port.to_string(), "PORT");
        serve
    }
}

fn is_later(new: &Value, old: &Value) -> bool {
    text(new, "last_attempt_at") > text(old, "last_attempt_at")
}

pub fn port(server: &Faulty) -> String {
    server.options().pop().unwrap()
}
