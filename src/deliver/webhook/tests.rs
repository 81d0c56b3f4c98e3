//! Requests to scripted receivers in this process, and the verdict on each outcome.

mod mail;
mod server;

use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::clock::Timestamp;
use crate::config::{self, Deadlines, Overrides};
use crate::egress::Egress;
use crate::fact::{DeliveryPhase, DeliveryProblem, TlsProblem};
use crate::tls::Trust;
use server::{read_request, serve};

const NOW: Timestamp = Timestamp(1_614_265_330_000);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The time limit in tests that expect a timeout.
const SHORT: Duration = Duration::from_millis(300);

fn deadlines() -> Deadlines {
    config::load(&Overrides::default()).unwrap().deadlines
}

fn target(url: &str) -> Target {
    Target::new(url, Format::Json, &[SecretString::from(SECRET)]).map_err(|error| error.to_string()).unwrap()
}

/// Sends a body to a target on this machine.
async fn attempt(target: &Target, body: Body) -> Result<Answer, SendError> {
    let egress = Egress::new(vec!["127.0.0.0/8".parse().unwrap()], Default::default());
    target.send("dlv_1", body, NOW, Outbound { egress: &egress, deadlines: &deadlines() }).await
}

fn small() -> Body {
    Body::new([Bytes::from_static(b"{\"test\": 2432232314}")])
}

/// More than the socket buffers hold.
fn large() -> Body {
    Body::new([Bytes::from(vec![b'x'; 32 << 20])])
}

/// The verdict on a target that answers with these bytes and closes the connection.
async fn verdict_on(answer: &'static str) -> Verdict {
    let url = serve(async move |mut stream| {
        read_request(&mut stream).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    });
    judge(attempt(&target(&url.await), small()).await)
}

fn failed(problem: DeliveryProblem, next: Next, is_target_failure: bool) -> Verdict {
    Verdict::Failed(Failure { problem, next, is_target_failure })
}

#[tokio::test]
async fn a_request_is_signed_and_a_success_is_a_delivery() {
    let (sender, received) = tokio::sync::oneshot::channel();
    let url = serve(async move |mut stream| {
        sender.send(read_request(&mut stream).await).unwrap();
        stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 6\r\n\r\nthanks").await.unwrap();
    });
    let url = url.await.replace("http://", "http://anna:secret@");
    let answer = attempt(&target(&format!("{url}/mail?tenant=1")), small()).await.unwrap();
    assert_eq!(answer, Answer { status: 202, retry_after: None, words: "thanks".into() });
    assert_eq!(judge(Ok(answer)), Verdict::Delivered);
    let request = received.await.unwrap();
    assert!(request.head.starts_with("POST /mail?tenant=1 HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.body, b"{\"test\": 2432232314}");
    let signed = signature::headers(&[SigningSecret::parse(&SECRET.into()).ok().unwrap()], "dlv_1", NOW, &small());
    for (name, value) in signed {
        assert_eq!(request.header(name), Some(value.as_str()), "{}", request.head);
    }
    assert_eq!(request.header("webhook-timestamp"), Some("1614265330"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("content-length"), Some("20"));
    assert_eq!(request.header("authorization"), Some(format!("Basic {}", STANDARD.encode("anna:secret")).as_str()));
    assert_eq!(request.header("host"), Some(url.replace("http://anna:secret@", "").as_str()));
}

#[tokio::test]
async fn rails_relay_ingress_gets_the_unchanged_mail_after_the_trace_fields() {
    let (sender, received) = tokio::sync::oneshot::channel();
    let url = serve(async move |mut stream| {
        sender.send(read_request(&mut stream).await).unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    });
    let url = url.await.replace("http://", "http://actionmailbox@");
    let url = format!("{url}/rails/action_mailbox/relay/inbound_emails");
    let target = Target::new(
        &url,
        Format::Raw,
        &[SecretString::from("secret"), SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
    )
    .ok()
    .unwrap();
    // Any bytes, since HTTP carries NUL, a bare LF and a dot unchanged.
    let raw: Vec<u8> = [&b"Subject: x\n\r\0\r.\r\n.\r\n"[..], &[0xe5; 200_000]].concat();
    let trace = Bytes::from_static(b"Received: from a by b\r\n");
    let answer = attempt(&target, Body::new([trace.clone(), Bytes::from(raw.clone())])).await;
    assert_eq!(judge(answer), Verdict::Delivered);
    let request = received.await.unwrap();
    assert!(
        request.head.starts_with("POST /rails/action_mailbox/relay/inbound_emails HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    assert_eq!(request.header("content-type"), Some("message/rfc822"));
    let login = format!("Basic {}", STANDARD.encode("actionmailbox:secret"));
    assert_eq!(request.header("authorization"), Some(login.as_str()));
    assert!(request.header("webhook-signature").is_some_and(|value| value.starts_with("v1,")), "{}", request.head);
    assert!(request.body.strip_prefix(&trace[..]) == Some(&raw[..]), "the bytes differ");
}

#[tokio::test]
async fn each_answer_has_its_verdict() {
    let status = |status, words: &str| DeliveryProblem::Status { status, words: words.into() };
    let after = |seconds| Next::Retry { after: Some(Duration::from_secs(seconds)) };
    let maybe = |problem| failed(problem, Next::MaybeDelivered, false);
    for (answer, wanted) in [
        ("HTTP/1.1 200 OK\r\n\r\n", Verdict::Delivered),
        ("HTTP/1.0 204 None\r\n\r\n", Verdict::Delivered),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Verdict::Delivered),
        // The status counts, even if the body is broken.
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", Verdict::Delivered),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense", Verdict::Delivered),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n",
            failed(DeliveryProblem::Redirected { status: 302 }, Next::Hold, false),
        ),
        ("HTTP/1.1 410 Gone\r\n\r\n", failed(DeliveryProblem::Gone, Next::Stop, true)),
        ("HTTP/1.1 429 Slow\r\nretry-after: 120\r\n\r\n", failed(status(429, ""), after(120), true)),
        (
            "HTTP/1.1 429 Slow\r\ndate: Tue, 24 Nov 2026 16:00:00 GMT\r\nretry-after: Tue, 24 Nov 2026 16:05:00 GMT\r\n\r\n",
            failed(status(429, ""), after(300), true),
        ),
        ("HTTP/1.1 503 Down\r\nretry-after: 9999999\r\n\r\n", failed(status(503, ""), after(86_400), true)),
        (
            "HTTP/1.1 500 Oops\r\ncontent-length: 9\r\n\r\na\x1b[31m\r\nb",
            failed(status(500, "a [31m  b"), Next::Retry { after: None }, false),
        ),
        ("HTTP/1.1 422 No\r\n\r\nno such inbox", failed(status(422, "no such inbox"), Next::Hold, false)),
        ("220 mail.example ESMTP\r\n", maybe(DeliveryProblem::NotHttp)),
        ("", maybe(DeliveryProblem::Closed { phase: DeliveryPhase::Answer })),
        ("HTTP/1.1 200 O", maybe(DeliveryProblem::Closed { phase: DeliveryPhase::Answer })),
    ] {
        assert_eq!(verdict_on(answer).await, wanted, "{answer}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    for (head, piece, wanted) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", "x", Ok(200)),
        ("HTTP/1.1 500 Oops\r\n\r\n", "å", Ok(500)),
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n", Err(DeliveryProblem::NotHttp)),
        ("HTTP/1.1 200 OK\r\nx: ", "y", Err(DeliveryProblem::NotHttp)),
    ] {
        let (sender, sent) = tokio::sync::oneshot::channel();
        let url = serve(async move |mut stream| {
            read_request(&mut stream).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            let piece = piece.repeat(64 << 10);
            let mut count = 0_usize;
            while stream.write_all(piece.as_bytes()).await.is_ok() {
                count += piece.len();
            }
            sender.send(count).unwrap();
        });
        let found = attempt(&target(&url.await), small()).await;
        if let Ok(Answer { words, .. }) = &found {
            assert!((2000..=2048).contains(&words.len()), "{}", words.len());
        }
        assert_eq!(found.map(|answer| answer.status).map_err(|error| error.problem), wanted, "{head}");
        assert!(sent.await.unwrap() < 64 << 20, "{head}");
    }
}

#[tokio::test]
async fn a_target_that_is_too_slow_may_have_accepted_what_it_received() {
    for (begin, body, wanted) in [
        // The receiver is silent, stops in the middle of its status, or stops in the middle of its body.
        ("", small(), failed(DeliveryProblem::TimedOut { phase: DeliveryPhase::Answer }, Next::MaybeDelivered, false)),
        (
            "HTTP/1.1 2",
            small(),
            failed(DeliveryProblem::TimedOut { phase: DeliveryPhase::Answer }, Next::MaybeDelivered, false),
        ),
        ("HTTP/1.1 200 OK\r\n\r\nthan", small(), Verdict::Delivered),
    ] {
        let url = serve(async move |mut stream| {
            read_request(&mut stream).await;
            stream.write_all(begin.as_bytes()).await.unwrap();
            let _ = stream.read(&mut [0]).await; // until the client closes
        });
        let target = Target { time_limit: SHORT, ..target(&url.await) };
        assert_eq!(judge(attempt(&target, body).await), wanted, "{begin}");
    }
    // A receiver that does not read the request cannot have accepted it.
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let url = serve(async move |stream| {
        let _ = ended.await;
        drop(stream);
    });
    let target = Target { time_limit: SHORT, slowest_rate: u64::MAX, ..target(&url.await) };
    let wanted = failed(DeliveryProblem::TimedOut { phase: DeliveryPhase::Body }, Next::Retry { after: None }, false);
    assert_eq!(judge(attempt(&target, large()).await), wanted);
    drop(end);
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_the_request_delivers_nothing() {
    let url = serve(async |mut stream| {
        stream.read_exact(&mut [0; 1000]).await.unwrap();
    });
    let wanted = failed(DeliveryProblem::Closed { phase: DeliveryPhase::Body }, Next::Retry { after: None }, false);
    assert_eq!(judge(attempt(&target(&url.await), large()).await), wanted);
}

#[tokio::test]
async fn an_early_answer_counts_although_the_request_is_not_complete() {
    let url = serve(async |mut stream| {
        stream.read_exact(&mut [0; 1000]).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Too large\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let wanted = failed(DeliveryProblem::Status { status: 413, words: String::new() }, Next::Hold, false);
    assert_eq!(judge(attempt(&target(&url.await), large()).await), wanted);
}

#[tokio::test]
async fn a_target_that_is_down_or_forbidden_receives_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let Verdict::Failed(failure) = judge(attempt(&target(&url), small()).await) else { panic!("delivered") };
    assert!(matches!(failure.problem, DeliveryProblem::Unreachable { .. }), "{failure:?}");
    assert_eq!((failure.next, failure.is_target_failure), (Next::Retry { after: None }, true));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let forbidden = |host: &str| failed(DeliveryProblem::Forbidden { host: host.into() }, Next::Hold, true);
    let (egress, limits) = (Egress::new(Vec::new(), Default::default()), deadlines());
    for scheme in ["http", "https"] {
        let target = target(&format!("{scheme}://127.0.0.1:{port}/"));
        let outbound = Outbound { egress: &egress, deadlines: &limits };
        assert_eq!(judge(target.send("dlv_1", small(), NOW, outbound).await), forbidden("127.0.0.1"), "{scheme}");
    }
    // The operator allows this address, but it is not on this machine and has no TLS.
    let mut elsewhere = target("http://localhost/");
    elsewhere.url = "http://192.0.2.1/".parse().unwrap();
    let egress = Egress::new(vec!["192.0.2.0/24".parse().unwrap()], Default::default());
    let outbound = Outbound { egress: &egress, deadlines: &limits };
    assert_eq!(judge(elsewhere.send("dlv_1", small(), NOW, outbound).await), forbidden("192.0.2.1"));
    let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(accepted.is_err(), "there was a connection");
}

#[tokio::test]
async fn tls_is_required_and_verified() {
    let certified = rcgen::generate_simple_self_signed(vec![Ipv4Addr::LOCALHOST.to_string()]).unwrap();
    let url = server::serve_tls(&certified, 2).await;
    let trusting = Target { trust: Trust::Authorities(certified.cert.pem()), ..target(&url) };
    assert_eq!(judge(attempt(&trusting, small()).await), Verdict::Delivered);
    let Verdict::Failed(failure) = judge(attempt(&target(&url), small()).await) else { panic!("delivered") };
    assert!(matches!(failure.problem, DeliveryProblem::Tls { why: TlsProblem::UnknownIssuer { .. } }), "{failure:?}");
    assert_eq!((failure.next, failure.is_target_failure), (Next::Retry { after: None }, true));
    // A server without TLS, and a silent server.
    let url = serve(async |mut stream| {
        stream.read_exact(&mut [0; 100]).await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let plain = target(&url.await.replace("http:", "https:"));
    let Verdict::Failed(failure) = judge(attempt(&plain, small()).await) else { panic!("delivered") };
    assert!(matches!(failure.problem, DeliveryProblem::Tls { .. }), "{failure:?}");
    let url = serve(async |mut stream| drop(stream.read_to_end(&mut Vec::new()).await));
    let silent = Target { time_limit: SHORT, ..target(&url.await.replace("http:", "https:")) };
    let wanted = failed(DeliveryProblem::TimedOut { phase: DeliveryPhase::Tls }, Next::Retry { after: None }, true);
    assert_eq!(judge(attempt(&silent, small()).await), wanted);
}
