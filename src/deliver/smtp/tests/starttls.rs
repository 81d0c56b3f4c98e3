//! TLS, with a server certificate made here.

use std::sync::Arc;

use secrecy::SecretString;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;
use crate::fact::{DeliveryPhase, TlsProblem};

/// The TLS configuration of a server, and the trust in its certificate.
pub fn server_config_and_trust() -> (Arc<ServerConfig>, Trust) {
    let made = rcgen::generate_simple_self_signed(vec!["mx.l.se".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(made.cert.der().to_vec())], key)
        .unwrap();
    (Arc::new(config), Trust::Authorities(made.cert.pem()))
}

/// Plays steps in the clear, then steps under TLS. Returns the client's result and what it has said after them.
async fn play_tls(
    encryption: Encryption,
    clear: Vec<Step>,
    protected: Vec<Step>,
    mail: &[u8],
) -> (Result<Accepted, DeliveryProblem>, String) {
    let (config, trust) = server_config_and_trust();
    let login = Login { username: "anna".to_owned(), password: SecretString::from("hemligt-ord".to_owned()) };
    let terms = Terms { encryption, trust, login: Some(login), ..terms() };
    let (ours, mut theirs) = tokio::io::duplex(1 << 14);
    let serving = tokio::spawn(async move {
        // The steps in the clear end with the server's words, so no byte of the handshake is lost.
        for step in clear {
            match step {
                S(text) => theirs.write_all(text.as_bytes()).await.unwrap(),
                C(text) => {
                    let mut said = vec![0; text.len()];
                    theirs.read_exact(&mut said).await.unwrap();
                    assert_eq!(String::from_utf8_lossy(&said), text);
                }
                _ => unreachable!(),
            }
        }
        match TlsAcceptor::from(config).accept(theirs).await {
            Ok(stream) => serve(stream, protected).await,
            Err(_) => "no handshake".to_owned(),
        }
    });
    let result = async {
        let mut session = Session::open(ours, &terms).await?;
        let sent = send(&mut session, mail).await;
        session.quit().await;
        sent
    };
    let result = result.await;
    (result, serving.await.unwrap())
}

const AUTH: &str = "AUTH PLAIN AGFubmEAaGVtbGlndC1vcmQ=";

fn mail_steps() -> Vec<Step> {
    vec![
        c(AUTH),
        s("235 ok"),
        c(MAIL),
        s("250 ok"),
        c(RCPT),
        s("250 ok"),
        c("DATA"),
        s("354 go"),
        c("x\r\n."),
        s("250 ok"),
        c("QUIT"),
        s("221 bye"),
    ]
}

#[tokio::test]
async fn a_mail_goes_under_tls_from_the_start_or_after_starttls() {
    let clear = steps(&[&hello("STARTTLS AUTH_LOGIN"), &[c("STARTTLS"), s("220 go")]]);
    let protected = steps(&[&hello("AUTH_PLAIN")[1..], &mail_steps()]);
    let (result, rest) = play_tls(Encryption::StartTls, clear, protected, b"x\r\n").await;
    assert_eq!((result.map(|accepted| accepted.code), rest.as_str()), (Ok(250), ""));
    let protected = steps(&[&hello("AUTH_PLAIN"), &mail_steps()]);
    let (result, rest) = play_tls(Encryption::Implicit, Vec::new(), protected, b"x\r\n").await;
    assert_eq!((result.map(|accepted| accepted.code), rest.as_str()), (Ok(250), ""));
}

#[tokio::test]
async fn offers_from_before_tls_do_not_count() {
    let clear = steps(&[&hello("STARTTLS AUTH_PLAIN"), &[c("STARTTLS"), s("220 go")]]);
    let (result, rest) = play_tls(Encryption::StartTls, clear, hello("HELP")[1..].to_vec(), b"").await;
    assert_eq!((result, rest.as_str()), (Err(DeliveryProblem::NoAuth), ""));
}

#[tokio::test]
async fn nothing_is_sent_if_tls_is_not_available() {
    let phase = DeliveryPhase::Tls;
    let (result, rest) = play_tls(Encryption::StartTls, hello("AUTH_PLAIN"), Vec::new(), b"").await;
    assert_eq!((result, rest.as_str()), (Err(DeliveryProblem::NoStartTls), "no handshake"));
    let clear = steps(&[&hello("STARTTLS AUTH_PLAIN"), &[c("STARTTLS"), s("454 4.7.0 not now")]]);
    let (result, _) = play_tls(Encryption::StartTls, clear, Vec::new(), b"").await;
    let (enhanced, words) = (Some("4.7.0".to_owned()), "not now".to_owned());
    assert_eq!(result, Err(DeliveryProblem::Refused { phase, code: 454, enhanced, words }));
    let (result, _) = play_tls(Encryption::Implicit, vec![s("220 plain text here")], Vec::new(), b"").await;
    assert!(matches!(result, Err(DeliveryProblem::Tls { .. })), "{result:?}");
    // The server leaves during the handshake.
    let starttls = Terms { encryption: Encryption::StartTls, trust: server_config_and_trust().1, ..terms() };
    let script = steps(&[&hello("STARTTLS"), &[c("STARTTLS"), s("220 go"), C("\u{16}".to_owned()), Close]]);
    let (result, _) = deliver(&starttls, script, b"").await;
    assert_eq!(result, Err(DeliveryProblem::Tls { why: TlsProblem::Closed }));
}

#[tokio::test]
async fn opportunistic_tls_is_used_if_offered_and_never_falls_back() {
    let opportunistic = Terms { encryption: Encryption::Opportunistic, trust: Trust::Unverified, ..terms() };
    let mail = [c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go"), c("x\r\n."), s("250 ok")];
    let (result, _) = deliver(&opportunistic, steps(&[&hello("HELP"), &mail]), b"x\r\n").await;
    assert_eq!(result.map(|accepted| accepted.code), Ok(250));
    let clear = steps(&[&hello("STARTTLS"), &[c("STARTTLS"), s("454 4.7.0 not now")]]);
    let (result, rest) = deliver(&opportunistic, clear, b"x\r\n").await;
    assert!(matches!(result, Err(DeliveryProblem::Refused { code: 454, .. })) && rest.is_empty(), "{result:?} {rest}");
    // A certificate that nobody knows, for another name.
    let (config, _) = server_config_and_trust();
    let (ours, theirs) = tokio::io::duplex(1 << 14);
    let serving =
        tokio::spawn(async move { serve(TlsAcceptor::from(config).accept(theirs).await.unwrap(), hello("")).await });
    let implicit = Terms { encryption: Encryption::Implicit, host: "mx.other.se".to_owned(), ..opportunistic };
    let session = Session::open(ours, &implicit).await.unwrap();
    assert!(session.is_protected());
    drop(session);
    serving.await.unwrap();
}

#[tokio::test]
async fn bytes_behind_the_answer_to_starttls_end_the_session() {
    for injected in ["220 go\r\n250-AUTH PLAIN\r\n", "220 go\r\n\0", "220 go\r\n\r\n"] {
        let clear = steps(&[&hello("STARTTLS"), &[c("STARTTLS"), S(injected.to_owned())]]);
        let (result, rest) = play_tls(Encryption::StartTls, clear, Vec::new(), b"").await;
        assert_eq!((result, rest.as_str()), (Err(DeliveryProblem::InjectedBeforeTls), "no handshake"));
    }
    let clear = steps(&[&hello("STARTTLS"), &[c("STARTTLS"), s("220 go"), s("250 later in the same moment")]]);
    let (result, _) = play_tls(Encryption::StartTls, clear, Vec::new(), b"").await;
    assert_eq!(result, Err(DeliveryProblem::InjectedBeforeTls));
}
