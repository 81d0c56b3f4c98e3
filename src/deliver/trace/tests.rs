use proptest::prelude::*;

use super::*;

fn trace() -> Trace<'static> {
    Trace {
        delivery: "dlv_7f3a",
        message: "msg_12",
        installation: "9f86d081",
        host: "mail.kundo.se",
        imap_host: "outlook.office365.com",
        mailbox: "jobb@lillestad.se",
        inbox: "jobb.lillestad.se@mail.kundo.se",
        reply_from: Some("jobb@lillestad.se"),
        imported_at: Timestamp(1_795_901_645_000),
        evidence: "Delivered-To: jobb@lillestad.se",
        is_historic: false,
        auto_submitted: AutoSubmitted::No,
        authentication_results: Some(
            "mx.lillestad.se; spf=pass smtp.mailfrom=anna@example.org; dkim=pass header.d=example.org",
        ),
        is_utf8: false,
    }
}

fn text(trace: &Trace<'_>) -> String {
    String::from_utf8(trace.fields()).unwrap()
}

#[test]
fn the_fields_describe_the_path_of_a_mail() {
    let wanted = "Received: from outlook.office365.com by mail.kundo.se with IMAP id dlv_7f3a\r\n \
                  for <jobb.lillestad.se@mail.kundo.se>; Sat, 28 Nov 2026 21:34:05 +0000\r\n\
                  Delivered-To: jobb@lillestad.se\r\n\
                  X-Mailferry-Inbox: jobb.lillestad.se@mail.kundo.se; installation=9f86d081\r\n\
                  X-Mailferry-Mailbox: jobb@lillestad.se\r\n\
                  X-Mailferry-Message: msg_12\r\n\
                  X-Mailferry-Evidence: Delivered-To: jobb@lillestad.se\r\n\
                  X-Mailferry-Historic: false\r\n\
                  X-Mailferry-Auto-Submitted: no\r\n\
                  X-Mailferry-Reply-From: jobb@lillestad.se\r\n\
                  X-Mailferry-Authentication-Results: mx.lillestad.se; spf=pass\r\n \
                  smtp.mailfrom=anna@example.org; dkim=pass header.d=example.org\r\n";
    assert_eq!(text(&trace()), wanted);
}

#[test]
fn absent_values_have_no_field_and_ip_addresses_are_written_as_literals() {
    let without = Trace {
        reply_from: None,
        authentication_results: None,
        imap_host: "192.0.2.7",
        host: "2001:db8::1",
        ..trace()
    };
    let text = text(&without);
    assert!(!text.contains("Reply-From") && !text.contains("Authentication-Results"), "{text}");
    assert!(text.starts_with("Received: from [192.0.2.7] by [IPv6:2001:db8::1] with IMAP id"), "{text}");
}

#[test]
fn other_characters_are_escaped_unless_the_mail_is_sent_as_utf8() {
    let swedish = Trace { inbox: "åsa@mail.kundo.se", evidence: "Delivered-To: åsa@lillestad.se", ..trace() };
    let ascii = text(&swedish);
    assert!(ascii.is_ascii() && !ascii.contains(" for <"), "{ascii}");
    assert!(ascii.contains("X-Mailferry-Inbox: \\x{E5}sa@mail.kundo.se; installation="), "{ascii}");
    assert!(
        ascii.contains("X-Mailferry-Evidence: =?utf-8?B?RGVsaXZlcmVkLVRvOiDDpXNhQGxpbGxlc3RhZC5zZQ==?=\r\n"),
        "{ascii}"
    );
    let utf8 = text(&Trace { is_utf8: true, ..swedish });
    assert!(utf8.contains("for <åsa@mail.kundo.se>") && utf8.contains("X-Mailferry-Inbox: åsa@"), "{utf8}");
    // Loop detection works with either form.
    for fields in [ascii, utf8] {
        assert_eq!(own_hops(fields.as_bytes(), "9f86d081"), ["åsa@mail.kundo.se"]);
    }
}

#[test]
fn hops_of_this_installation_are_recognised() {
    let other = Trace { installation: "other", inbox: "b@mail.kundo.se", ..trace() };
    let mail = [&trace().fields(), &other.fields(), &b"Received: x\r\nSubject: x\r\n\r\nReceived: y\r\n"[..]].concat();
    assert_eq!(own_hops(&mail, "9f86d081"), ["jobb.lillestad.se@mail.kundo.se"]);
    assert_eq!(own_hops(&mail, "other"), ["b@mail.kundo.se"]);
    assert_eq!(own_hops(&mail, "neither"), [""; 0]);
    assert_eq!(received_count(&mail), 3);
    for broken in ["X-Mailferry-Inbox: a@b", "X-Mailferry-Inbox:", "X-Mailferry-Inbox: ;installation=", "Subject: x"] {
        assert_eq!(own_hops(broken.as_bytes(), "9f86d081"), [""; 0], "{broken}");
    }
}

#[test]
fn fields_of_the_customers_server_are_read() {
    let mail = b"Return-Path: <anna@example.org>\r\nAuthentication-Results: mx.l.se;\r\n\tspf=pass\r\n\
                 Authentication-Results: forged; spf=pass\r\n\r\nAuthentication-Results: body\r\n";
    assert_eq!(authentication_results(mail).as_deref(), Some("mx.l.se; spf=pass"));
    assert_eq!(return_path(mail).as_deref(), Some("anna@example.org"));
    assert_eq!(return_path(b"Return-Path: <>\r\n\r\n").as_deref(), Some(""));
    assert_eq!((authentication_results(b"Subject: x\r\n\r\n"), return_path(b"Subject: x\r\n\r\n")), (None, None));
    let long = format!("Authentication-Results: {}\r\n\r\n", "x ".repeat(5000));
    assert!(authentication_results(long.as_bytes()).unwrap().len() <= MAX_RESULTS);
}

/// Texts of any characters, many of which end a line or have a meaning in a header.
fn nasty() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        Just('\r'),
        Just('\n'),
        Just('\0'),
        Just(' '),
        Just(':'),
        Just(';'),
        Just('<'),
        Just('\u{85}'),
        Just('\u{2028}'),
        any::<char>(),
        proptest::char::range('a', 'z')
    ];
    let short = proptest::collection::vec(c, 0..60).prop_map(|chars| chars.into_iter().collect());
    // Longer than a line or a value may be, with and without spaces.
    let long = ("[aåλ ]{1,3}", 300..2000_usize).prop_map(|(text, count)| text.repeat(count));
    prop_oneof![3 => short, 1 => long]
}

const NAMES: [&str; 10] = [
    "Received",
    "Delivered-To",
    "X-Mailferry-Inbox",
    "X-Mailferry-Mailbox",
    "X-Mailferry-Message",
    "X-Mailferry-Evidence",
    "X-Mailferry-Historic",
    "X-Mailferry-Auto-Submitted",
    "X-Mailferry-Reply-From",
    "X-Mailferry-Authentication-Results",
];

proptest! {
    #[test]
    fn no_value_adds_a_line_or_exceeds_the_line_limit(
        values in proptest::array::uniform10(nasty()), at: i64, is_utf8: bool,
    ) {
        let [delivery, message, installation, host, imap_host, mailbox, inbox, reply, evidence, results] = &values;
        let trace = Trace {
            delivery, message, installation, host, imap_host, mailbox, inbox, evidence,
            reply_from: Some(reply),
            imported_at: Timestamp(at),
            is_historic: true,
            auto_submitted: AutoSubmitted::Bounce,
            authentication_results: Some(results),
            is_utf8,
        };
        let bytes = trace.fields();
        let text = String::from_utf8(bytes.clone()).unwrap();
        prop_assert!(is_utf8 || text.is_ascii());
        let lines = text.strip_suffix("\r\n").unwrap().split("\r\n");
        for line in lines {
            prop_assert!(line.len() <= 998 && !line.trim().is_empty(), "{line:?}");
            prop_assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
            let name = line.split(':').next().unwrap();
            prop_assert!(line.starts_with(' ') || NAMES.contains(&name), "{line:?}");
        }
        let names: Vec<String> = fields(&bytes).map(|field| field.name.to_owned()).collect();
        let wanted = NAMES.iter().filter(|name| names.iter().any(|found| found == *name));
        prop_assert!(names.iter().eq(wanted), "each once and in order: {names:?}");
        // The mail's own fields stay separate from these.
        let mail = [&bytes[..], b"Subject: x\r\n\r\n"].concat();
        prop_assert_eq!(fields(header_section(&mail)).count(), names.len() + 1);
    }

    #[test]
    fn a_mail_that_passed_an_inbox_is_recognised(local in "[a-zåäöλ.+]{1,64}", installation in "[0-9a-f]{8}", is_utf8: bool) {
        let inbox = format!("{local}@mail.kundo.se");
        let fields = Trace { inbox: &inbox, installation: &installation, is_utf8, ..trace() }.fields();
        prop_assert_eq!(own_hops(&fields, &installation), [inbox]);
    }

    #[test]
    fn any_header_is_parsed_without_a_panic(mail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (own_hops(&mail, "x"), received_count(&mail), auto_submitted(&mail), authentication_results(&mail), return_path(&mail));
    }
}
