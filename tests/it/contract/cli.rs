//! Every command as its user sees it: exit code, standard output as text and as JSON, and standard error.

use super::{
    installation::{
        ALL_MAILBOXES, DOWN, Installation, OLD_MAIL_ONLY, PAUSED, READ_ONLY, VIKBY_INBOX, WITHOUT_CONSENT, port,
    },
    mails,
    snapshots::Snapshots,
};
use crate::support::{
    facts::{ANSOKAN, ANSOKAN_INBOX, JOBB, JOBB_INBOX},
    mailferry::Output,
};

/// A terminal, and the record of the commands that were run in it.
struct Terminal<'a> {
    installation: &'a Installation,
    record: String,
}

impl<'a> Terminal<'a> {
    fn new(installation: &'a Installation) -> Self {
        Self { installation, record: String::new() }
    }

    /// Runs command lines, one per line.
    fn run(&mut self, lines: &str) -> &mut Self {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let output = self.installation.run(line);
            self.note(line, &output);
        }
        self
    }

    /// Runs each command line without and then with `--json`.
    fn both(&mut self, lines: &str) -> &mut Self {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.run(line).run(&format!("--json {line}"));
        }
        self
    }

    fn note(&mut self, line: &str, output: &Output) {
        let is_json = line.starts_with("--json") && !output.text().is_empty();
        let lines = || output.json().iter().map(|object| format!("{object:#}\n")).collect();
        let stdout: String = if is_json { lines() } else { output.text().replace("\r\n", "\n") };
        self.record.push_str(&format!("$ mailferry {line}\nexit code {}\n{stdout}", output.code));
        for line in output.stderr.lines() {
            self.record.push_str(&format!("stderr: {line}\n"));
        }
        self.record.push('\n');
    }

    fn take(&mut self, name: &str, snapshots: &mut Snapshots) {
        snapshots.take(name, &std::mem::take(&mut self.record));
    }
}

#[test]
fn output_of_every_command_matches_its_snapshot() {
    let installation = Installation::empty();
    let mut snapshots = Snapshots::in_folder("cli", installation.masks.clone());
    let mut terminal = Terminal::new(&installation);
    empty(&mut terminal, &mut snapshots);
    inboxes_and_routes(&mut terminal, &mut snapshots);
    people_and_tokens(&mut terminal, &mut snapshots);
    mailboxes(&mut terminal, &mut snapshots);
    deliveries(&mut terminal, &mut snapshots);
    polls(&mut terminal, &mut snapshots);
    undelivered(&mut terminal, &mut snapshots);
    server_inspections(&mut terminal, &mut snapshots);
    ledger_and_messages(&mut terminal, &mut snapshots);
    oauth(&mut terminal, &mut snapshots);
    other_commands(&mut terminal, &mut snapshots);
    removals(&mut terminal, &mut snapshots);
    snapshots.finish();
}

fn deliveries(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.both("inbox delivery list\n delivery list");
    terminal.run(&format!(
        "inbox deliver {JOBB_INBOX}
         inbox deliver nobody@mail.kundo.se --smtp relay.example
         inbox deliver {JOBB_INBOX} --smtp http://relay.example
         inbox deliver {JOBB_INBOX} --webhook http://relay.example/mail
         inbox deliver {JOBB_INBOX} --smtp relay.example --format raw
         inbox deliver {JOBB_INBOX} --smtp 127.0.0.1:1 --username relay
         --json inbox deliver {JOBB_INBOX} --lmtp /run/nowhere/lmtp --to jobb@mail.kundo.se
         inbox delivery set 1 --concurrency 2 --when-unknown hold
         inbox delivery set 99 --concurrency 2
         inbox delivery set 1 --concurrency 0
         inbox delivery pause 1
         inbox delivery pause 2
         inbox delivery test 1"
    ));
    terminal.both("inbox delivery list");
    terminal.take("deliveries", snapshots);
}

/// The commands for mail that waits for paused targets.
fn undelivered(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.both("delivery list --limit 2\n delivery list --state held\n delivery show 1\n delivery show 99");
    terminal.run(
        "delivery retry 1
         delivery retry 1 --to 2
         delivery retry
         delivery retry --all-held-of 1
         delivery drop 1
         delivery drop 1
         --json delivery drop --all-held-of 1
         inbox delivery remove 1
         inbox delivery remove 1 --with-undelivered
         inbox delivery resume 2
         --json inbox delivery remove 2 --with-undelivered",
    );
    terminal.take("deliveries-undelivered", snapshots);
}

fn empty(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.both(
        "inbox list\n mailbox list\n route list\n message list\n ledger\n user list\n token list\n oauth status\n poll",
    );
    terminal.take("empty", snapshots);
}

fn inboxes_and_routes(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.run(&format!(
        "inbox add {JOBB_INBOX} --name Jobb --reply-from {JOBB}
         --json inbox add --for {ANSOKAN} --domain mail.kundo.se
         inbox add bygglov.lillestad.se@mail.kundo.se
         inbox add {VIKBY_INBOX} --organisation vikby
         inbox add {JOBB_INBOX}
         inbox add nobody
         inbox add
         inbox add --for {ANSOKAN}"
    ));
    terminal.both(&format!("inbox list\n inbox show {JOBB_INBOX}\n inbox show nobody@mail.kundo.se"));
    terminal.take("inbox", snapshots);
    terminal.run(&format!(
        "route add --inbox bygglov.lillestad.se@mail.kundo.se --recipient {bygglov}
         --json route add --inbox {JOBB_INBOX} --recipient {bygglov}
         route add --inbox {JOBB_INBOX} --recipient {bygglov}
         route add --inbox nobody@mail.kundo.se --recipient {bygglov}",
        bygglov = mails::BYGGLOV
    ));
    terminal.both("route list");
    terminal.run(&format!(
        "route remove --inbox {JOBB_INBOX} --recipient {bygglov}
         route remove --inbox {JOBB_INBOX} --recipient {bygglov}
         route remove --recipient nobody@lillestad.se",
        bygglov = mails::BYGGLOV
    ));
    terminal.take("route", snapshots);
}

fn people_and_tokens(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.run(
        "user add anna --role operator --password-stdin
         --json user add bo --role admin --organisation default --password-stdin
         user add eva --role viewer --organisation vikby --password-stdin
         user add anna --role viewer --password-stdin
         user add carl --role operator --organisation vikby --password-stdin
         user add carl --role king --password-stdin
         user add carl --role admin
         user add carl --role admin --password-file no-such-file",
    );
    let short = terminal.installation.mailferry.run_with_input(&["user", "passwd", "anna", "--password-stdin"], "kort");
    terminal.note("user passwd anna --password-stdin", &short);
    terminal.both("user list\n user passwd anna --password-stdin\n user passwd nobody --password-stdin");
    terminal.take("user", snapshots);
    terminal.run(
        "token create --name all --scope write
         --json token create --name reader --scope read --organisation vikby
         token create --name all --scope read
         token create --name x --scope everything",
    );
    terminal.both("token list");
    terminal.run("token revoke nobody\n token revoke reader --organisation default\n --json token revoke reader\n token revoke all");
    terminal.take("token", snapshots);
}

fn mailboxes(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    let server = |port: &str| format!("--host 127.0.0.1 --tls none --port {port} --interval 1d --password-stdin");
    let installation = terminal.installation;
    let (jobb, locked) = (server(&port(&installation.jobb)), server(&port(&installation.locked)));
    let (old_mail_only, read_only) =
        (server(&port(&installation.old_mail_only)), server(&port(&installation.read_only)));
    let (port, size) = (installation.down.to_string(), mails::MAX_SIZE);
    let down = server(&port);
    terminal.run(&format!(
        "mailbox add {JOBB} --inbox {JOBB_INBOX} {jobb} --start all --max-size {size}
         --json mailbox add {ANSOKAN} --inbox {ANSOKAN_INBOX} {locked} --start all
         mailbox add {PAUSED} --inbox {JOBB_INBOX} {jobb} --start all --after-import move:Klart
         mailbox add {OLD_MAIL_ONLY} --inbox {JOBB_INBOX} {old_mail_only}
         mailbox add {READ_ONLY} --inbox {JOBB_INBOX} {read_only} --start all --after-import seen
         mailbox add {DOWN} --inbox {JOBB_INBOX} {down} --start 2026-03-01
         mailbox add {WITHOUT_CONSENT} --inbox {VIKBY_INBOX} --oauth kontoso --port {port} --interval 1d
         mailbox add {JOBB} --inbox {JOBB_INBOX} {jobb}
         mailbox add x@lillestad.se
         mailbox add x@lillestad.se --inbox {JOBB_INBOX} --host h --password-stdin --app-only
         mailbox add x@lillestad.se --inbox nobody@mail.kundo.se --host imap.lillestad.se --password-stdin
         mailbox add x@lillestad.se --inbox {JOBB_INBOX} --oauth nobody
         mailbox add x@lillestad.se --inbox {JOBB_INBOX} {jobb} --start yesterday
         mailbox add x@lillestad.se --inbox {JOBB_INBOX} {jobb} --after-import burn
         mailbox add x@lillestad.se --inbox {JOBB_INBOX} {jobb} --after-import move:INBOX
         mailbox add x@lillestad.se --inbox {JOBB_INBOX} {jobb} --pin-sha256 12"
    ));
    terminal.take("mailbox-add", snapshots);
    terminal.run(&format!(
        "mailbox set {OLD_MAIL_ONLY} --interval 2d --folder INBOX --folder Skräp --start now
         --json mailbox set {OLD_MAIL_ONLY} --folder INBOX --interval 1d --username lillestad\\arkiv
         mailbox set {OLD_MAIL_ONLY} --password-stdin
         mailbox set {OLD_MAIL_ONLY}
         mailbox set {OLD_MAIL_ONLY} --interval 1s
         mailbox set {OLD_MAIL_ONLY} --inbox nobody@mail.kundo.se
         mailbox set {OLD_MAIL_ONLY} --after-import move:INBOX
         mailbox set {OLD_MAIL_ONLY} --host bad/host
         mailbox set nobody@lillestad.se --port 993"
    ));
    terminal.take("mailbox-set", snapshots);
    terminal.run(&format!(
        "mailbox pause {PAUSED}\n --json mailbox pause {OLD_MAIL_ONLY}\n --json mailbox resume {OLD_MAIL_ONLY}\n mailbox pause {OLD_MAIL_ONLY}
         mailbox resume {OLD_MAIL_ONLY}\n mailbox pause nobody@lillestad.se\n mailbox resume nobody@lillestad.se"
    ));
    terminal.take("mailbox-pause", snapshots);
    terminal.run(&format!("mailbox list\n mailbox show {JOBB}\n mailbox show nobody@lillestad.se"));
    terminal.take("mailbox-before-the-first-poll", snapshots);
}

fn polls(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.both(&ALL_MAILBOXES.map(|address| format!("poll {address}")).join("\n"));
    terminal.run("poll nobody@lillestad.se");
    terminal.take("poll", snapshots);
    terminal.installation.rebuild_jobb();
    terminal.run(&format!("poll {JOBB}\n --json ledger --mailbox {JOBB}\n --json mailbox show {JOBB}"));
    terminal.take("poll-after-a-new-numbering", snapshots);
    terminal.both("mailbox list");
    terminal.take("mailbox-list", snapshots);
    terminal.both(&ALL_MAILBOXES.map(|address| format!("mailbox show {address}")).join("\n"));
    terminal.take("mailbox-show", snapshots);
}

fn server_inspections(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    for command in ["check", "folders", "effects", "dry-run", "verify"] {
        for address in [JOBB, PAUSED, READ_ONLY, ANSOKAN, DOWN, WITHOUT_CONSENT, "nobody@lillestad.se"] {
            terminal.both(&format!("mailbox {command} {address}"));
        }
        terminal.take(&format!("mailbox-{command}"), snapshots);
    }
    terminal.run(&format!(
        "mailbox check {JOBB} --as-polled
         mailbox effects {JOBB} --folder Nowhere
         mailbox dry-run {JOBB} --within 0s"
    ));
    terminal.both(
        "mailbox discover anna@gmail.com\n mailbox discover anna@outlook.com\n mailbox discover anna@nowhere.invalid",
    );
    terminal.take("mailbox-discover-and-options", snapshots);
}

fn ledger_and_messages(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.both(&format!("ledger\n ledger --mailbox {ANSOKAN}\n ledger --mailbox nobody@lillestad.se"));
    terminal.run(&format!(
        "ledger retry --mailbox {JOBB} --uid 4
         --json ledger retry --mailbox {JOBB}
         ledger retry --mailbox {JOBB} --uid 1
         ledger retry --mailbox nobody@lillestad.se
         ledger skip --mailbox {JOBB} --uid 4
         ledger skip --mailbox {JOBB} --uid 4
         ledger skip --mailbox {JOBB} --uid 4 --folder Nowhere
         ledger download --mailbox {JOBB} --uid 1
         ledger download --mailbox {JOBB} --uid 1 --output 1.eml
         --json ledger download --mailbox {JOBB} --uid 2 --output 2.eml
         ledger download --mailbox {JOBB} --uid 2 --output 2.eml
         ledger download --mailbox {JOBB} --uid 99
         ledger download --mailbox {ANSOKAN} --uid 1"
    ));
    terminal.take("ledger", snapshots);
    terminal.both(&format!("message list\n message list --inbox {JOBB_INBOX} --mailbox {READ_ONLY}"));
    terminal.run("message list --inbox nobody@mail.kundo.se\n message raw 1\n message raw 99\n message raw x");
    terminal.take("message", snapshots);
}

fn oauth(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal
        .both("oauth status\n oauth app-only\n oauth app-only --provider kontoso\n oauth app-only --provider nobody");
    terminal.both("oauth app-only post@vikby.se --provider kontoso");
    terminal.run(&format!(
        "oauth connect {JOBB}
         oauth connect {WITHOUT_CONSENT} --device
         oauth connect nobody@lillestad.se
         oauth revoke {JOBB}
         oauth revoke {WITHOUT_CONSENT}
         --json oauth revoke {WITHOUT_CONSENT}
         --lang sv oauth status
         --lang sv oauth connect {WITHOUT_CONSENT} --device"
    ));
    let connecting = terminal.installation.mailferry.connect(WITHOUT_CONSENT, &[]);
    terminal
        .record
        .push_str(&format!("$ mailferry --json oauth connect {WITHOUT_CONSENT}\n{:#}\n", connecting.first_line));
    terminal.take("oauth", snapshots);
}

fn other_commands(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.run("check --defaults");
    terminal.take("check-defaults", snapshots);
    terminal.both("check");
    terminal.run(
        "--database mysql://localhost/mail check\n --config no-such-file.toml check\n --config no-such-file.toml poll",
    );
    terminal.take("check", snapshots);
    terminal.run("key generate\n key rotate\n --json key rotate");
    terminal.take("key", snapshots);
    terminal.both("test-server\n test-server nobody");
    terminal.take("test-server", snapshots);
    terminal.run("\n fly\n poll --no-such-option\n --log-format xml poll\n --lang de poll");
    let nothing = terminal.installation.mailferry.run(&[]);
    terminal.note("", &nothing);
    terminal.take("usage", snapshots);
}

fn removals(terminal: &mut Terminal<'_>, snapshots: &mut Snapshots) {
    terminal.run(&format!(
        "inbox remove {JOBB_INBOX}
         inbox remove nobody@mail.kundo.se
         mailbox remove {WITHOUT_CONSENT}
         --json mailbox remove {DOWN}
         mailbox remove {JOBB}
         mailbox remove nobody@lillestad.se
         inbox remove {VIKBY_INBOX}
         inbox remove bygglov.lillestad.se@mail.kundo.se
         inbox remove bygglov.lillestad.se@mail.kundo.se --with-messages
         user remove eva
         --json user remove bo
         user remove nobody"
    ));
    terminal.both("mailbox list\n inbox list");
    terminal.take("removals", snapshots);
}
