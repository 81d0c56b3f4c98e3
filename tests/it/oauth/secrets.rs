//! The application's secret and all tokens go to the provider and the mail server only.

use std::{fs, path::PathBuf};

use super::{connect_mailbox, consent, unconnected};
use crate::support::{
    facts::JOBB,
    identity_provider::{Endpoint, IdentityProvider, Misbehaviour},
    oauth_client::CLIENT_SECRET,
    scripted::Scripted,
};

fn contains(bytes: &[u8], canary: &str) -> bool {
    bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
}

#[test]
fn canary_secrets_appear_nowhere() {
    // A server that repeats the token, and a provider that repeats everything.
    let echo = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\nC: TAG AUTHENTICATE XOAUTH2 *\n\
                S: TAG NO kanarie-access-token is no good, kanarie-access-token!";
    let provider = IdentityProvider::start(JOBB);
    provider.set_fixed_access_token("kanarie-access-token");
    let server = Scripted::start(&[echo]);
    let mut mailferry = unconnected(&provider, &server);
    mailferry.env("RUST_LOG", "trace");
    mailferry.env("MAILFERRY__SCHEDULE__GRACE", "1s");
    let (page, output) = consent(&mailferry, JOBB);
    let mut said = vec![page.body, output.all()];
    for args in [
        &["poll"][..],
        &["--json", "poll"],
        &["mailbox", "check", JOBB],
        &["mailbox", "show", JOBB],
        &["--json", "mailbox", "list"],
        &["oauth", "status"],
        &["--json", "oauth", "status"],
    ] {
        said.push(mailferry.run(args).all());
    }
    let refreshed = provider.issued().refresh_tokens;
    assert!(refreshed.len() > 1, "a refused token was renewed");
    let echoed: &'static str =
        Box::leak(format!("AADSTS70000: {CLIENT_SECRET} {}", refreshed.join(" ")).into_boxed_str());
    provider.set_lifetime(0);
    let _ = consent(&mailferry, JOBB);
    provider.misbehave(Endpoint::Token, vec![Misbehaviour::Error("invalid_grant", echoed)]);
    said.push(mailferry.run(&["poll"]).all());
    said.push(mailferry.run(&["--json", "oauth", "status"]).all());
    connect_mailbox(&mailferry, JOBB);
    let serve = mailferry.serve();
    said.push(serve.answer("/metrics").unwrap());
    let arguments = fs::read(format!("/proc/{}/cmdline", serve.id())).unwrap();
    said.push(String::from_utf8_lossy(&arguments).into_owned());
    // While the process runs, SQLite's write-ahead log exists too.
    let files = || fs::read_dir(mailferry.dir()).unwrap().map(|entry| entry.unwrap().path());
    assert!(files().any(|path| path.to_string_lossy().ends_with("-wal")), "a log to search");
    let logs: Vec<(PathBuf, Vec<u8>)> =
        files().map(|path| (path.clone(), fs::read(&path).unwrap_or_default())).collect();
    said.push(serve.output());
    drop(serve);
    said.push(mailferry.run(&["oauth", "revoke", JOBB]).all());
    let issued = provider.issued();
    let mut canaries = issued.refresh_tokens;
    canaries.extend(issued.access_tokens.into_iter().chain(issued.id_tokens).chain(issued.codes));
    canaries.push(CLIENT_SECRET.to_owned());
    assert!(canaries.len() > 8, "{canaries:?}");
    for canary in &canaries {
        assert!(!said.iter().any(|text| text.contains(canary)), "{canary} was shown");
        let now = files().map(|path| (path.clone(), fs::read(&path).unwrap_or_default()));
        for (path, bytes) in logs.iter().cloned().chain(now) {
            // The operator's own configuration contains the secret.
            let is_configuration = path.extension().is_some_and(|extension| extension == "toml");
            assert!(is_configuration || !contains(&bytes, canary), "{canary} is in {}", path.display());
        }
    }
    for request in provider.requests(Endpoint::Authorize) {
        assert!(!canaries.iter().any(|canary| request.values().any(|value| value == canary)), "{request:?}");
    }
}
