//! Logins.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::*;
use crate::fact::{DeliveryPhase, ReplyFault};

fn with_login(username: &str, password: &str) -> Terms {
    let login = Login { username: username.to_owned(), password: SecretString::from(password.to_owned()) };
    Terms { login: Some(login), ..terms() }
}

async fn open(terms: &Terms, steps: Vec<Step>) -> (Result<(), DeliveryProblem>, String) {
    play(steps, async |stream| Session::open(stream, terms).await.map(drop)).await
}

// "\0anna\0hemligt-ord", "anna", "hemligt-ord"
const PLAIN: &str = "AGFubmEAaGVtbGlndC1vcmQ=";
const USERNAME: &str = "YW5uYQ==";
const PASSWORD: &str = "aGVtbGlndC1vcmQ=";

fn anna() -> Terms {
    with_login("anna", "hemligt-ord")
}

#[tokio::test]
async fn plain_is_preferred_over_login() {
    let plain = [C(format!("AUTH PLAIN {PLAIN}\r\n")), s("235 2.7.0 ok")];
    for offers in ["AUTH_PLAIN_LOGIN", "AUTH_LOGIN_PLAIN", "AUTH=PLAIN"] {
        assert_eq!(open(&anna(), steps(&[&hello(offers), &plain])).await, (Ok(()), String::new()), "{offers}");
    }
    let login = [c("AUTH LOGIN"), s("334 VXNlcm5hbWU6"), c(USERNAME), s("334 UGFzc3dvcmQ6"), c(PASSWORD), s("235 ok")];
    assert_eq!(open(&anna(), steps(&[&hello("AUTH_LOGIN_CRAM-MD5"), &login])).await, (Ok(()), String::new()));
}

#[tokio::test]
async fn long_credentials_follow_on_a_separate_line() {
    let password = "x".repeat(400);
    let response = STANDARD.encode(format!("\0anna\0{password}"));
    let script = [c("AUTH PLAIN"), s("334 "), c(&response), s("235 ok")];
    let (result, rest) = open(&with_login("anna", &password), steps(&[&hello("AUTH_PLAIN"), &script])).await;
    assert_eq!((result, rest.as_str()), (Ok(()), ""));
}

#[tokio::test]
async fn a_login_that_is_not_offered_is_not_tried() {
    for offers in ["", "AUTH_XOAUTH2_CRAM-MD5"] {
        assert_eq!(open(&anna(), hello(offers)).await, (Err(DeliveryProblem::NoAuth), String::new()));
    }
    let with_nul = with_login("anna", "a\0b");
    assert_eq!(open(&with_nul, hello("AUTH_PLAIN")).await, (Err(DeliveryProblem::NoAuth), String::new()));
}

#[tokio::test]
async fn a_refused_login_is_reported_without_the_password() {
    let phase = DeliveryPhase::Login;
    for (said, words) in [
        ("535 5.7.8 wrong name or password", "wrong name or password"),
        (&format!("535 5.7.8 bad line AUTH PLAIN {PLAIN}"), ""),
        (&format!("535 5.7.8 bad line AUTH PLAIN {}", PLAIN.split_at(20).0), ""),
        (&format!("535 5.7.8 bad password {PASSWORD}"), ""),
        ("535 5.7.8 hemligt-ord is not it", ""),
    ] {
        let script = [C(format!("AUTH PLAIN {PLAIN}\r\n")), s(said)];
        let (result, _) = open(&anna(), steps(&[&hello("AUTH_PLAIN"), &script])).await;
        let enhanced = Some("5.7.8".to_owned());
        assert_eq!(result, Err(DeliveryProblem::Refused { phase, code: 535, enhanced, words: words.to_owned() }));
    }
    // PLAIN has no answer to a challenge.
    let script = [C(format!("AUTH PLAIN {PLAIN}\r\n")), s("334 more")];
    let (result, rest) = open(&anna(), steps(&[&hello("AUTH_PLAIN"), &script])).await;
    let fault = ReplyFault::UnexpectedCode;
    assert_eq!(result, Err(DeliveryProblem::NotUnderstood { phase, fault, words: "334 more".to_owned() }));
    assert_eq!(rest, "");
}
