//! Deadlines, on a paused clock.

use tokio::time::Instant;

use super::*;
use crate::fact::DeliveryPhase;

const SECOND: Duration = Duration::from_secs(1);

/// Distinct deadlines, so that the elapsed time shows which one has passed.
fn patient() -> Terms {
    let deadlines = Deadlines {
        greeting: 10 * SECOND,
        tls: 20 * SECOND,
        command: 30 * SECOND,
        chunk: 40 * SECOND,
        body: 100 * SECOND,
        answer: 600 * SECOND,
    };
    Terms { deadlines, ..terms() }
}

/// The problem, and the seconds until it was reported.
async fn timed(terms: &Terms, steps: Vec<Step>, mail: &[u8]) -> (DeliveryProblem, u64) {
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let serving = tokio::spawn(serve(theirs, steps));
    let begin = Instant::now();
    let result = async { send(&mut Session::open(ours, terms).await?, mail).await }.await;
    let seconds = begin.elapsed().as_secs();
    serving.abort();
    (result.unwrap_err(), seconds)
}

#[tokio::test(start_paused = true)]
async fn silence_ends_each_step_at_its_deadline() {
    use DeliveryPhase::{Answer, Data, Greeting, Hello, Recipient, Sender, Tls};
    let timed_out = |phase| DeliveryProblem::TimedOut { phase };
    let ok = |command: &str| [c(command), s("250 ok")];
    let at_rcpt = steps(&[&hello(""), &ok(MAIL)]);
    let at_data = steps(&[&at_rcpt, &ok(RCPT)]);
    let at_answer = steps(&[&at_data, &[c("DATA"), s("354 go"), c("x\r\n.")]]);
    for (script, phase, seconds) in [
        (vec![Hang], Greeting, 10),
        (vec![s("220 mx"), Hang], Hello, 30),
        (steps(&[&hello(""), &[Hang]]), Sender, 30),
        (steps(&[&at_rcpt, &[Hang]]), Recipient, 30),
        (steps(&[&at_data, &[Hang]]), Data, 30),
        (steps(&[&at_answer, &[Hang]]), Answer, 600),
    ] {
        assert_eq!(timed(&patient(), script, b"x\r\n").await, (timed_out(phase), seconds));
    }
    let implicit = Terms { encryption: Encryption::Implicit, trust: Trust::Authorities(String::new()), ..patient() };
    let starttls = Terms { encryption: Encryption::StartTls, ..implicit.clone() };
    let implicit = Terms { trust: super::starttls::server_config_and_trust().1, ..implicit };
    let starttls = Terms { trust: implicit.trust.clone(), ..starttls };
    assert_eq!(timed(&implicit, vec![Hang], b"").await, (timed_out(Tls), 20));
    let script = steps(&[&hello("STARTTLS"), &[c("STARTTLS"), s("220 go"), Hang]]);
    assert_eq!(timed(&starttls, script, b"").await, (timed_out(Tls), 20));
}

#[tokio::test(start_paused = true)]
async fn a_trickle_does_not_extend_a_deadline() {
    let endless = Trickle(b"220-x\r\n".repeat(1000), SECOND);
    let problem = DeliveryProblem::TimedOut { phase: DeliveryPhase::Greeting };
    assert_eq!(timed(&patient(), vec![endless], b"").await, (problem, 10));
    let answer = [c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go"), c("x\r\n.")];
    let endless = Trickle(b"250-x\r\n".repeat(1000), 7 * SECOND);
    let problem = DeliveryProblem::TimedOut { phase: DeliveryPhase::Answer };
    assert_eq!(timed(&patient(), steps(&[&hello(""), &answer, &[endless]]), b"x\r\n").await, (problem, 600));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_too_slowly_is_abandoned() {
    let mail = b"0123456789abcd\r\n".repeat(1 << 14); // 256 KiB
    for (offers, command) in [("", vec![c("DATA"), s("354 go")]), ("CHUNKING", vec![])] {
        let before = steps(&[&hello(offers), &[c(MAIL), s("250 ok"), c(RCPT), s("250 ok")], &command]);
        let problem = DeliveryProblem::TimedOut { phase: DeliveryPhase::Body };
        // The server does not read at all.
        let found = timed(&patient(), steps(&[&before, &[Hang]]), &mail).await;
        assert_eq!(found, (problem.clone(), 40), "{offers}");
    }
    // The server reads each piece just in time, until the deadline of the whole mail.
    let before = [c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go")];
    let script = steps(&[&hello(""), &before, &[Sip(SECOND / 2)]]);
    let problem = DeliveryProblem::TimedOut { phase: DeliveryPhase::Body };
    assert_eq!(timed(&patient(), script, &mail).await, (problem, 100));
}

#[tokio::test(start_paused = true)]
async fn a_mail_whose_piece_was_not_sent_whole_cannot_be_finished() {
    let mail = b"0123456789abcd\r\n".repeat(1 << 14);
    let script = [c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go"), Hang];
    let (ours, theirs) = tokio::io::duplex(1 << 10);
    let serving = tokio::spawn(serve(theirs, steps(&[&hello(""), &script])));
    let mut session = Session::open(ours, &terms()).await.unwrap();
    let to: Address = "jobb@l.se".parse().unwrap();
    let mut transaction = session.begin(&Envelope { from: None, to: &to }, &scan(&mail)).await.unwrap();
    assert!(tokio::time::timeout(SECOND, transaction.push(&mail)).await.is_err(), "the caller gives up");
    assert_eq!(transaction.finish().await, Err(DeliveryProblem::Closed { phase: DeliveryPhase::Body }));
    assert!(!session.is_ready().await);
    serving.abort();
}
