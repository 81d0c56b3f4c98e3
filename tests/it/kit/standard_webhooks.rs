//! The reference library of Standard Webhooks tells good signatures from bad ones.

use std::{
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::support::{
    standard_webhooks::{sign, verify},
    webhook::{Request, Webhook},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Sends `body` with a signature of `signed` by `secret`; returns the request as the receiver got it.
fn received(secret: &str, timestamp: u64, signed: &str, body: &str) -> Request {
    let webhook = Webhook::start();
    let signature = sign(secret, "msg_1", timestamp, signed);
    let headers = [
        "Webhook-Id: msg_1".to_owned(),
        format!("Webhook-Timestamp: {timestamp}"),
        format!("Webhook-Signature: v1,bm9uc2Vuc2U= {signature}"),
    ];
    let sent = Command::new("curl")
        .args(["-q", "--noproxy", "*", "--silent", "--data-binary", body])
        .args(headers.iter().flat_map(|header| ["--header", header.as_str()]))
        .args(["--", &webhook.url("/")])
        .status()
        .unwrap();
    assert!(sent.success());
    webhook.requests().remove(0)
}

#[test]
fn it_accepts_a_fresh_signature_by_the_secret_only() {
    let body = "{\"subject\": \"Är detta rätt?\"}";
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(verify(SECRET, &received(SECRET, now, body, body)), Ok(()));
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let bad = "No matching signature found";
    assert_eq!(verify(other, &received(SECRET, now, body, body)), Err(bad.to_owned()));
    assert_eq!(verify(SECRET, &received(SECRET, now, body, "{}")), Err(bad.to_owned()));
    let old = verify(SECRET, &received(SECRET, now - 1000, body, body));
    assert_eq!(old, Err("Message timestamp too old".to_owned()));
    let unsigned = Request { headers: Vec::new(), ..received(SECRET, now, body, body) };
    assert_eq!(verify(SECRET, &unsigned), Err("Missing required headers".to_owned()));
}
