//! Exit code 2 for wrong usage, 1 for a command that fails.

use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    mailferry::Mailferry,
};

#[test]
fn usage_errors_exit_with_2() {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let add = ["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--host", "127.0.0.1", "--password-stdin"];
    let wrong: [&[&str]; 9] = [
        &[],
        &["fly"],
        &["inbox", "add"],
        &["poll", "--no-such-option"],
        &["--log-format", "xml", "poll"],
        &[&add[..], &["--start", "yesterday"]].concat(),
        &[&add[..], &["--after-import", "burn"]].concat(),
        &[&add[..], &["--tls", "sometimes"]].concat(),
        &[&add[..], &["--port", "70000"]].concat(),
    ];
    for args in wrong {
        let output = mailferry.run_with_input(args, "secret\n");
        assert_eq!(output.code, 2, "{args:?}:\n{}", output.all());
        assert!(!output.stderr.is_empty(), "{args:?}: the error is explained");
        assert!(output.stdout.is_empty(), "{args:?}: standard output is empty");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    let mailferry = Mailferry::new();
    assert!(mailferry.ok(&["--help"]).text().contains("mailbox"));
    assert!(mailferry.ok(&["--version"]).text().contains(env!("CARGO_PKG_VERSION")));
    for command in ["inbox", "mailbox", "route", "poll", "message", "ledger", "serve", "check", "key"] {
        mailferry.ok(&[command, "--help"]);
    }
}

#[test]
fn failures_exit_with_1_and_name_the_address() {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let add = ["mailbox", "add", JOBB, "--inbox", "nobody@mail.kundo.se", "--host", "127.0.0.1", "--password-stdin"];
    let impossible: [(&[&str], &str); 9] = [
        (&add, "nobody@mail.kundo.se"),
        (&["inbox", "add", JOBB_INBOX], JOBB_INBOX),
        (&["inbox", "show", "nobody@mail.kundo.se"], "nobody@mail.kundo.se"),
        (&["inbox", "remove", "nobody@mail.kundo.se"], "nobody@mail.kundo.se"),
        (&["mailbox", "show", "nobody@lillestad.se"], "nobody@lillestad.se"),
        (&["mailbox", "check", "nobody@lillestad.se"], "nobody@lillestad.se"),
        (&["poll", "nobody@lillestad.se"], "nobody@lillestad.se"),
        (&["route", "add", "--inbox", "nobody@mail.kundo.se", "--recipient", JOBB], "nobody@mail.kundo.se"),
        (&["message", "raw", "987654"], "987654"),
    ];
    for (args, named) in impossible {
        let output = mailferry.run_with_input(args, "secret\n");
        assert_eq!(output.code, 1, "{args:?}:\n{}", output.all());
        assert!(output.all().contains(named), "the output must name {named}:\n{}", output.all());
    }
}

#[test]
fn an_inbox_with_mailboxes_cannot_be_removed() {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let options = ["--host", "127.0.0.1"].map(str::to_owned);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, &[]);
    assert_eq!(mailferry.run(&["inbox", "remove", JOBB_INBOX]).code, 1);
    mailferry.ok(&["mailbox", "remove", JOBB]);
    mailferry.ok(&["inbox", "remove", JOBB_INBOX]);
    assert!(mailferry.json(&["inbox", "list"]).is_empty());
}
