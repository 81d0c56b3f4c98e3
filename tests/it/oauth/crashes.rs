//! The process is killed at every step of a poll that renews its token, with a provider that takes a second use of a refresh token
//! for theft. The consent is lost only if the provider's answer itself was lost.

use std::fs;

use super::{connect_mailbox, token_server, unconnected};
use crate::support::{facts::JOBB, identity_provider::IdentityProvider, mailferry::Mailferry, scripted::Scripted};

fn trial(server: &Scripted, overlap: u32) -> (IdentityProvider, Mailferry) {
    let provider = IdentityProvider::start(JOBB);
    provider.set_overlap(overlap);
    let mailferry = unconnected(&provider, server);
    provider.set_lifetime(0);
    connect_mailbox(&mailferry, JOBB);
    provider.set_lifetime(3600);
    (provider, mailferry)
}

#[test]
fn a_crash_after_a_refresh_token_rotation_keeps_the_consent() {
    if !cfg!(feature = "crash-points") {
        println!("skipped: built without the feature crash-points; `make test` has it");
        return;
    }
    let server = token_server();
    let (_provider, undisturbed) = trial(&server, 0);
    let log = undisturbed.dir().join("steps");
    assert!(undisturbed.command(&["poll"]).env("MAILFERRY_CRASH_LOG", &log).status().unwrap().success());
    let steps: Vec<String> = fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect();
    let came = steps.iter().position(|step| step == "tokens came").expect("crash points are compiled in");
    let kept = steps.iter().position(|step| step == "tokens kept").expect("the tokens are stored");
    // A few steps past the renewal are enough; the rest is like any poll.
    for step in 1..=kept + 6 {
        // Between the steps "tokens came" and "tokens kept" only the killed process has the new tokens. The provider must
        // then accept the old one once more, because without overlap it would take the second use for theft.
        let is_between = (came..kept).contains(&(step - 1))
            && steps[step - 1] != "after a commit"
            && steps[step - 1] != "on the disk";
        let (_provider, mailferry) = trial(&server, u32::from(is_between));
        let output =
            mailferry.command(&["--json", "poll"]).env("MAILFERRY_CRASH_AT", step.to_string()).output().unwrap();
        assert!(output.status.code().is_none(), "step {step} of {steps:?} was not reached");
        assert_eq!(mailferry.poll_ok(), 1, "ended at step {step}, {}", steps[step - 1]);
    }
}
