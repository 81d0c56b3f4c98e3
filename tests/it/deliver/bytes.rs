//! Unchanged bytes: after the trace fields, every mail arrives exactly as the customer's server returned it.

use super::*;
use crate::support::{corpus, dovecot::lmtp::Lmtp, rails::RailsIngress, sha256, sink::Transaction};

/// Mails that a careless client would change.
fn odd_mails() -> Vec<(&'static str, Vec<u8>)> {
    let head = |subject: &str| format!("From: a@example.se\r\nTo: {JOBB}\r\nSubject: {subject}\r\n\r\n").into_bytes();
    let with = |subject: &str, body: &[u8]| [&head(subject)[..], body].concat();
    vec![
        ("dots", with("dots", b".\r\n..\r\n.a\r\n\r\n.\r\nend\r\n")),
        ("lone dot at the end", with("dot", b"hej\r\n.\r\n")),
        ("smuggled by LF", with("lf", b"hej\n.\r\nMAIL FROM:<x@y.se>\r\nRCPT TO:<z@y.se>\r\nDATA\r\nsmuggled\r\n")),
        ("smuggled by CR", with("cr", b"hej\r.\r\nMAIL FROM:<x@y.se>\r\n")),
        ("LF only", b"From: a@example.se\nTo: jobb@lillestad.se\nSubject: lf\n\nhej\n.\nadjo\n".to_vec()),
        ("no last line end", with("open", b"hej")),
        ("ends with CR", with("cr end", b"hej\r")),
        ("8 bits", with("bits", "åäö ✉\r\n".as_bytes())),
        ("Latin-1", with("latin", b"\xe5\xe4\xf6\r\n")),
        ("NUL", with("nul", b"a\0b\r\n")),
        ("a long line", with("long", &[vec![b'x'; 5000], b"\r\n".to_vec()].concat())),
        ("header only", b"From: a@example.se\r\nSubject: nothing else\r\n".to_vec()),
        ("no header", b"\r\nhej\r\n".to_vec()),
        ("mbox line", [b"From a@example.se Mon Jan  1 00:00:00 2026\r\n".to_vec(), with("mbox", b"x\r\n")].concat()),
        ("return path", [b"Return-Path: <a@example.se>\r\n".to_vec(), with("path", b"x\r\n")].concat()),
        ("UTF-8 in the header", "From: Åsa <a@example.se>\r\nSubject: ärende\r\n\r\nhej\r\n".as_bytes().to_vec()),
        ("more than a row", with("large", &b"0123456789abcde\r\n".repeat(150_000))),
    ]
}

fn import(world: &World, mails: &[(String, Vec<u8>)]) {
    mails.iter().for_each(|(_, bytes)| world.send_bytes(bytes));
    world.poll();
}

fn assert_all_delivered(world: &World) {
    let mut left = world.deliveries();
    left.retain(|delivery| delivery["state"] != "delivered");
    assert!(left.is_empty(), "{left:?}");
}

/// The bytes of each message as imported. Dovecot serves CRLF, whatever line ends the file has.
fn imported(world: &World) -> Vec<Vec<u8>> {
    world.mailferry.messages().iter().map(|message| world.mailferry.raw(message)).collect()
}

fn odd_and_generated() -> Vec<(String, Vec<u8>)> {
    let odd = odd_mails().into_iter().map(|(name, bytes)| (name.to_owned(), bytes));
    let generated = corpus::generated().into_iter().chain(corpus::from_environment());
    odd.chain(generated.map(|sample| (sample.name, sample.bytes))).collect()
}

fn assert_only_trace_added(taken: &[Vec<u8>], originals: &[Vec<u8>], about: &str) {
    assert_eq!(taken.len(), originals.len(), "{about}");
    for (taken, original) in taken.iter().zip(originals) {
        assert!(taken.starts_with(b"Received: from "), "{about}");
        let own = taken.len() - original.len();
        assert_eq!(sha256::hex(&taken[own..]), sha256::hex(original), "{about}: {}", String::from_utf8_lossy(original));
        let fields = String::from_utf8_lossy(&taken[..own]);
        assert!(fields.ends_with("\r\n") && !fields.contains("\r\n\r\n"), "{about}: {fields}");
    }
}

#[test]
fn with_chunking_every_byte_arrives_by_smtp() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp());
    world.target(&["--smtp", &url(&sink)]);
    import(&world, &odd_and_generated());
    assert_all_delivered(&world);
    let taken: Vec<Vec<u8>> =
        sink.wait_for(imported(&world).len()).into_iter().map(|received| received.bytes).collect();
    assert_only_trace_added(&taken, &imported(&world), "BDAT");
    assert!(sink.transactions().iter().all(|received| received.chunked && received.recipients == [JOBB_INBOX]));
}

/// Without CHUNKING a lone CR or LF cannot be sent unchanged: such mail is held, and all other mail arrives unchanged.
#[test]
fn without_chunking_a_mail_that_cannot_be_sent_exactly_is_held() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp().offering(&["PIPELINING", "SIZE 100000000", "8BITMIME"]));
    world.target(&["--smtp", &url(&sink)]);
    import(&world, &odd_mails().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect::<Vec<_>>());
    let originals = imported(&world);
    let states = world.states();
    let is_exact = |bytes: &[u8]| {
        let text = bytes.iter().copied().enumerate();
        text.clone().all(|(at, byte)| byte != b'\n' || (at > 0 && bytes[at - 1] == b'\r'))
            && text.clone().all(|(at, byte)| byte != b'\r' || bytes.get(at + 1) == Some(&b'\n'))
    };
    let mut sent = Vec::new();
    for (original, state) in originals.iter().zip(&states) {
        assert_eq!(state, if is_exact(original) { "delivered" } else { "held" });
        if is_exact(original) {
            // In SMTP the final dot must follow a line end, so a missing line end is added.
            let ended = if original.ends_with(b"\r\n") { original.clone() } else { [original, &b"\r\n"[..]].concat() };
            sent.push(ended);
        }
    }
    assert!(states.contains(&"held".to_owned()) && states.contains(&"delivered".to_owned()), "{states:?}");
    let taken: Vec<Vec<u8>> = sink.wait_for(sent.len()).into_iter().map(|received| received.bytes).collect();
    assert_only_trace_added(&taken, &sent, "DATA");
    let held = world.deliveries().into_iter().find(|delivery| delivery["state"] == "held").unwrap();
    assert!(held["problem"].as_str().unwrap().contains("lone CR or LF"), "{held}");
}

/// A server that accepts a lone LF or CR as a line end must not find a second mail inside the first.
#[test]
fn no_mail_can_be_smuggled_to_a_lenient_server() {
    for (capabilities, repair) in
        [(&["8BITMIME", "CHUNKING"][..], false), (&["8BITMIME"], false), (&["8BITMIME"], true)]
    {
        let world = World::new(Database::Sqlite);
        let sink = Sink::start(Personality::smtp().offering(capabilities).lenient());
        let target = ["--smtp", &url(&sink), "--repair-line-ends", if repair { "true" } else { "false" }];
        world.target(&target);
        import(&world, &odd_mails().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect::<Vec<_>>());
        let delivered = world.states().iter().filter(|state| *state == "delivered").count();
        let ours = |received: &Transaction| {
            received.bytes.starts_with(b"Received: from ") && received.recipients == [JOBB_INBOX]
        };
        let taken = sink.transactions();
        assert!(taken.iter().all(ours), "{capabilities:?} {repair}: {taken:?}");
        assert_eq!(taken.len(), delivered, "{capabilities:?} {repair}");
        if repair {
            assert_eq!(world.states().len(), delivered, "a target that wants repaired line ends gets everything");
        }
    }
}

#[test]
fn every_byte_arrives_in_dovecot_by_lmtp() {
    let world = World::new(Database::Sqlite);
    let lmtp = Lmtp::start(&[JOBB_INBOX]);
    world.target(&["--lmtp", &format!("127.0.0.1:{}", lmtp.port)]);
    let mails = odd_and_generated();
    import(&world, &mails);
    let originals = imported(&world);
    assert_all_delivered(&world);
    let mut arrived: Vec<String> = Vec::new();
    for message in lmtp.dovecot.messages(JOBB_INBOX, "INBOX") {
        let bytes = message.bytes;
        let at = bytes.windows(16).position(|window| window == b"X-Mailferry-Auto").expect("our fields");
        let end = at + bytes[at..].windows(2).position(|window| window == b"\r\n").unwrap() + 2;
        let rest = skip_own_fields(&bytes[end..]);
        arrived.push(sha256::hex(rest));
    }
    let mut wanted: Vec<String> = originals.iter().map(|bytes| sha256::hex(bytes)).collect();
    arrived.sort();
    wanted.sort();
    assert_eq!(arrived, wanted);
}

/// Skips the trace fields that may follow X-Mailferry-Auto-Submitted.
fn skip_own_fields(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    for name in [&b"X-Mailferry-Reply-From: "[..], b"X-Mailferry-Authentication-Results: "] {
        while rest.starts_with(name) || (rest.len() < bytes.len() && rest.starts_with(b" ")) {
            let end = rest.windows(2).position(|window| window == b"\r\n").unwrap() + 2;
            rest = &rest[end..];
        }
    }
    rest
}

#[test]
fn a_raw_webhook_receives_every_byte() {
    let world = World::new(Database::Sqlite);
    let rails = RailsIngress::start("hemligt");
    let secret = world.mailferry.dir().join("secret");
    std::fs::write(&secret, "hemligt\n").unwrap();
    world.target(&[
        "--webhook",
        &rails.url(),
        "--format",
        "raw",
        "--username",
        "actionmailbox",
        "--secret-file",
        secret.to_str().unwrap(),
    ]);
    import(&world, &odd_and_generated());
    let originals = imported(&world);
    assert_all_delivered(&world);
    let taken: Vec<Vec<u8>> = rails.webhook.requests().into_iter().map(|request| request.body).collect();
    assert_only_trace_added(&taken, &originals, "raw");
}
