//! Tests of reading ordinary and hostile mails.

mod work;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;

fn mail(lines: &[&str]) -> Vec<u8> {
    lines.join("\r\n").into_bytes()
}

fn read_lines(lines: &[&str]) -> Reading {
    read(&mail(lines)).unwrap()
}

/// A mail with a text, HTML with a picture in it, and a file.
fn complete_mail() -> Vec<u8> {
    mail(&[
        "From: =?utf-8?q?Anna_=C3=85?= <anna@example.org>",
        "To: Jobb <jobb@lillestad.se>,",
        " b@c.se",
        "Cc: Grupp: x@y.se, z@y.se;",
        "Reply-To: svar@example.org",
        "Date: Thu, 1 Jan 2026 12:00:00 +0100",
        "Subject: =?utf-8?B?w4RyZW5kZQ==?=",
        "\t=?utf-8?q?_nummer_1?=",
        "Message-ID: <1@example.org>",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=\"yt tre\"",
        "",
        "This is MIME.",
        "--yt tre",
        "Content-Type: multipart/related; boundary=mitt",
        "",
        "--mitt",
        "Content-Type: multipart/alternative; boundary=inre",
        "",
        "--inre",
        "Content-Type: text/plain; charset=iso-8859-1",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "Hej p=E5 dig",
        "--inre",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        "PGI+SGVqPC9iPjxpbWcgc3JjPSJjaWQ6YkBjIj4=",
        "--inre--",
        "--mitt",
        "Content-Type: application/octet-stream; name=bild.png",
        "Content-ID: <b@c>",
        "Content-Disposition: inline",
        "Content-Transfer-Encoding: base64",
        "",
        "iVBORw0KGgoAAAAN",
        "--mitt--",
        "--yt tre",
        "Content-Type: APPLICATION/PDF",
        "Content-Disposition: attachment; filename*=utf-8''r%C3%A4k%20ning.pdf",
        "",
        "%PDF",
        "--yt tre--",
        "efter",
    ])
}

fn person(name: &str, address: &str) -> Correspondent {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Correspondent { name: some(name), address: some(address) }
}

#[test]
fn an_ordinary_mail_is_read() {
    let reading = read(&complete_mail()).unwrap();
    assert_eq!(reading.from, [person("Anna Å", "anna@example.org")]);
    assert_eq!(reading.to, [person("Jobb", "jobb@lillestad.se"), person("", "b@c.se")]);
    assert_eq!(reading.cc, [person("", "x@y.se"), person("", "z@y.se")]);
    assert_eq!(reading.reply_to, [person("", "svar@example.org")]);
    assert_eq!(reading.date.map(|date| date.to_string()).as_deref(), Some("2026-01-01T11:00:00Z"));
    assert_eq!(reading.subject.as_deref(), Some("Ärende nummer 1"));
    assert_eq!(reading.message_id.as_deref(), Some("<1@example.org>"));
    assert_eq!(reading.text.as_deref(), Some("Hej på dig"));
    assert!(!reading.is_text_from_html && reading.cut.is_empty(), "{reading:?}");
    assert_eq!(reading.html.as_deref(), Some("<b>Hej</b><img src=\"cid:b@c\">"));
    let names: Vec<&str> = reading.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["From", "To", "Cc", "Reply-To", "Date", "Subject", "Message-ID", "MIME-Version", "Content-Type"]
    );
    let attachments: Vec<_> = reading
        .attachments
        .iter()
        .map(|attachment| {
            (
                attachment.index,
                attachment.name.as_deref(),
                attachment.content_type.as_str(),
                attachment.size,
                attachment.is_inline,
                attachment.content_id.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        attachments,
        [
            (0, Some("bild.png"), "application/octet-stream", 12, true, Some("b@c")),
            (1, Some("räk ning.pdf"), "application/pdf", 4, false, None),
        ]
    );
}

#[test]
fn attachments_and_pictures_are_extracted() {
    let raw = complete_mail();
    let pdf = attachment(&raw, 1).unwrap().unwrap();
    let name = pdf.name.as_deref();
    assert_eq!((name, pdf.size), (Some("räk ning.pdf"), Some(4)));
    let saved = "attachment; filename=\"r_k ning.pdf\"; filename*=UTF-8''r%C3%A4k%20ning.pdf";
    assert_eq!(content_disposition(name), saved);
    assert_eq!(pdf.bytes(&raw), b"%PDF");
    assert_eq!(attachment(&raw, 0).unwrap().unwrap().bytes(&raw).len(), 12);
    assert!(attachment(&raw, 2).unwrap().is_none());
    // The declared type is ignored; the bytes are a PNG.
    let cleaned = html(&raw).unwrap().unwrap();
    assert_eq!(cleaned.html, "<b>Hej</b><img src=\"data:image/png;base64,iVBORw0KGgoAAAAN\">");
    assert!(
        frame_document(&cleaned, "sv", false, "").contains(&cleaned.html) && FRAME_POLICY.contains("img-src data:")
    );
}

#[test]
fn svg_is_not_accepted_as_a_picture() {
    for (kind, body) in [
        ("image/svg+xml", "<svg onload=alert(1)></svg>"),
        ("image/png", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("image/png", "short"),
    ] {
        let raw = mail(&[
            "Content-Type: multipart/related; boundary=b",
            "",
            "--b",
            "Content-Type: text/html",
            "",
            "<img src=cid:x>",
            "--b",
            &format!("Content-Type: {kind}"),
            "Content-ID: <x>",
            "",
            body,
            "--b--",
        ]);
        assert_eq!(html(&raw).unwrap().unwrap().html, "<img>", "{kind} {body}");
    }
}

#[test]
fn texts_and_attachments_are_distinguished() {
    let part = |head: &str, body: &str| format!("--b\r\n{head}\r\n\r\n{body}\r\n");
    let plain = |body: &str| part("Content-Type: text/plain", body);
    let page = |body: &str| part("Content-Type: text/html", body);
    let (mixed, alternative) = ("multipart/mixed", "multipart/alternative");
    for (kind, parts, text, html, attached) in [
        (mixed, plain("a"), Some("a"), None, 0),
        (mixed, plain("a") + &plain("b"), Some("a\nb"), None, 0),
        (mixed, page("<p>a</p>"), Some("a\n"), Some("<p>a</p>"), 0),
        (mixed, plain("a<") + &page("<i>b</i>"), Some("a<\nb"), Some("<pre>a&lt;</pre>\n<i>b</i>"), 0),
        (alternative, plain("a") + &page("<i>b</i>"), Some("a"), Some("<i>b</i>"), 0),
        (alternative, plain("a") + &part("Content-Type: text/calendar", "X"), Some("a"), None, 1),
        (mixed, part("X: y", "a"), Some("a"), None, 0),
        (mixed, part("Content-Type: text/plain; name=a.txt", "a"), None, None, 1),
        (mixed, part("Content-Type: text/plain; name=a.txt\r\nContent-Disposition: inline", "a"), Some("a"), None, 0),
        (mixed, part("Content-Disposition: attachment", "a"), None, None, 1),
        (mixed, part("Content-Type: message/rfc822", "Subject: b\r\n\r\nc"), None, None, 1),
        ("multipart/digest", part("", "Subject: b\r\n\r\nc"), None, None, 1),
        (mixed, String::new(), Some("--b--\n"), None, 0),
    ] {
        let raw = format!("Content-Type: {kind}; boundary=b\r\n\r\n{parts}--b--\r\n");
        let reading = read(raw.as_bytes()).unwrap();
        let found = (reading.text.as_deref(), reading.html.as_deref(), reading.attachments.len());
        assert_eq!(found, (text, html, attached), "{raw}");
    }
}

#[test]
fn broken_mails_are_read_as_far_as_possible() {
    for (raw, subject, text) in [
        ("", None, Some("")),
        ("\r\nonly a body", None, Some("only a body")),
        ("Subject: a", Some("a"), Some("")),
        ("Subject: a\n\nb\n", Some("a"), Some("b\n")),
        ("From x Thu Jan 1\nSubject: a\n\nb", Some("a"), Some("b")),
        ("Subject: \0a\u{202e}b\u{200b}\r\n\r\nc\0\u{202e}d", Some("a b"), Some("cd")),
        ("Subject: a\r\n b\r\n\tc\r\n\r\n", Some("a b c"), Some("")),
        ("Subject: =?utf-8?q?a=0D=0ABcc:_x?=\r\n\r\n", Some("a  Bcc: x"), Some("")),
        ("Content-Type: multipart/mixed\r\n\r\na", None, None),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\nno parts", None, Some("no parts")),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nnever ended", None, Some("never ended")),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--bb\r\n--b \r\n\r\na\r\n--bb\r\n--b--",
            None,
            Some("a\n--bb"),
        ),
        ("Content-Type: ;;;=\r\nContent-Transfer-Encoding: =\r\n\r\na", None, Some("a")),
    ] {
        let reading = read(raw.as_bytes()).unwrap();
        assert_eq!((reading.subject.as_deref(), reading.text.as_deref()), (subject, text), "{raw:?}");
    }
}

#[test]
fn limits_are_enforced_and_reported() {
    let long = "x".repeat(10_000);
    let reading = read_lines(&[&format!("Subject: {long}"), "", ""]);
    assert!(reading.subject.unwrap().len() <= 4096);
    assert_eq!(reading.cut, BTreeSet::from([Cut::Headers]));

    let many = "X-A: b\r\n".repeat(300);
    let reading = read(many.as_bytes()).unwrap();
    assert_eq!((reading.headers.len(), reading.cut), (200, BTreeSet::from([Cut::Headers])));

    let reading = read_lines(&[&format!("To: {}", "a@b.se, ".repeat(200)), "", ""]);
    assert_eq!((reading.to.len(), reading.cut), (100, BTreeSet::from([Cut::Addresses])));

    let line = format!("{}\r\n", "å".repeat(100));
    let reading = read_lines(&["", &line.repeat(10_000)]);
    assert_eq!(reading.cut, BTreeSet::from([Cut::Text]));
    assert!(reading.text.unwrap().len() <= MAX_TEXT);

    let reading = read_lines(&["Content-Type: text/html", "", &line.repeat(10_000)]);
    assert_eq!(reading.cut, BTreeSet::from([Cut::Html]));
    assert!(reading.html.unwrap().len() <= MAX_TEXT && reading.text.unwrap().len() <= MAX_TEXT);

    let parts = "--b\r\nContent-Type: image/png\r\n\r\nx\r\n".repeat(2000);
    let reading = read_lines(&["Content-Type: multipart/mixed; boundary=b", "", &parts]);
    assert_eq!((reading.attachments.len(), reading.cut), (1000, BTreeSet::from([Cut::Parts])));

    let deep: String =
        (0..500).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    let reading = read_lines(&[&deep]);
    assert_eq!((reading.attachments.len(), reading.cut), (1, BTreeSet::from([Cut::Depth])));
}

#[test]
fn an_attachment_beyond_the_limit_is_not_returned_in_part() {
    let mut raw = mail(&[
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "Content-Type: a/b",
        "",
        "x",
        "--b",
        "Content-Type: a/c",
        "",
        "",
    ]);
    raw.resize(MAX_INPUT + 10, b'y');
    let reading = read(&raw).unwrap();
    assert_eq!(reading.attachments.iter().map(|attachment| attachment.is_cut).collect::<Vec<_>>(), [false, true]);
    assert_eq!(reading.cut, BTreeSet::from([Cut::Mail]));
    assert!(attachment(&raw, 0).unwrap().is_some() && attachment(&raw, 1).unwrap().is_none());
}

/// Mails that are costly to read (`docs/threat-model.md`): each is read within a few seconds, even unoptimised.
#[test]
fn mails_made_to_be_slow_are_read_quickly() {
    let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let numbered = |count: usize, form: &dyn Fn(usize) -> String| (0..count).map(form).collect::<String>();
    let bombs = [
        ("a million parts", format!("{head}{}", "--b\r\n\r\n".repeat(1_000_000))),
        (
            "parts in parts",
            numbered(10_000, &|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")),
        ),
        ("mails in mails", "Content-Type: message/rfc822\r\n\r\n".repeat(500_000)),
        (
            "boundaries that never come",
            format!(
                "{head}{}",
                numbered(100_000, &|n| format!("--b\r\nContent-Type: multipart/mixed; boundary=c{n}\r\n\r\n"))
            ),
        ),
        ("the same boundary", format!("{head}--b\r\n").repeat(100_000)),
        ("dashes", format!("{head}{}", "--\n".repeat(5_000_000))),
        ("addresses", format!("To: {}\r\n\r\n", "a@b.se,".repeat(500_000))),
        ("groups", format!("To: {}\r\n\r\n", ";".repeat(5_000_000))),
        ("comments", format!("To: {}\r\n\r\n", "(".repeat(5_000_000))),
        ("parameters", format!("Content-Type: a/b{}\r\n\r\n", numbered(1_000_000, &|n| format!(";\r\n p*{n}*=%41")))),
        ("parameter names", format!("Content-Type: a/b{}\r\n\r\n", numbered(1_000_000, &|n| format!(";p{n}=1")))),
        ("one field", format!("X: {}\r\n\r\n", "a".repeat(50 << 20))),
        ("folds", format!("Subject: {}\r\n\r\n", "\r\n a".repeat(5_000_000))),
        ("fields", "A:b\r\n".repeat(5_000_000)),
        ("encoded words", format!("{}\r\n", format!("Subject: {}\r\n", "=?a?q?".repeat(5_000)).repeat(300))),
        (
            "zeros in base64",
            format!("Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", "A".repeat(50 << 20)),
        ),
        ("blanks", format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", " ".repeat(10 << 20))),
    ];
    for (name, bomb) in bombs {
        let started = Instant::now();
        let reading = read(bomb.as_bytes());
        let took = started.elapsed();
        assert!(took < Duration::from_secs(10), "{name} took {took:?}");
        assert!(reading.is_ok(), "{name}");
    }
}

#[test]
fn a_panic_in_the_reader_is_contained() {
    assert_eq!(run_guarded(|| -> u8 { panic!("a mail that makes the reader panic") }), Err(Unreadable));
    assert_eq!(run_guarded(|| 1), Ok(1));
}

/// Every message of the corpora is shown quickly and safely.
#[test]
fn hostile_mails_are_read() {
    let Some(root) = std::env::var_os("MAILFERRY_CORPUS").map(PathBuf::from) else {
        // Written directly to the terminal, since the output of a passing test is not shown.
        let _ = writeln!(std::io::stderr(), "skipped: MAILFERRY_CORPUS is not set to a folder of messages");
        return;
    };
    let (mut files, mut texts, mut attachments) = (0, 0, 0);
    for path in files_below(&root) {
        let raw = std::fs::read(&path).unwrap();
        let name = path.display();
        let started = Instant::now();
        let reading = read(&raw).unwrap();
        let cleaned = html(&raw).unwrap();
        assert_eq!(cleaned.is_some(), reading.html.is_some(), "{name}");
        if let Some(cleaned) = cleaned {
            let again = clean_html(&cleaned.html, &|_| None, &Budget::new(TIME_LIMIT));
            assert_eq!(again.html, cleaned.html, "{name}: cleaned twice");
        }
        for shown in &reading.attachments {
            let content = attachment(&raw, shown.index).unwrap().unwrap();
            assert_eq!((content.size, &content.name), (Some(shown.size), &shown.name), "{name}");
            assert_eq!(content.bytes(&raw).len() as u64, shown.size, "{name}");
        }
        let took = started.elapsed();
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
        files += 1;
        texts += usize::from(reading.text.is_some_and(|text| !text.trim().is_empty()));
        attachments += reading.attachments.len();
    }
    println!("{files} files, {texts} with text, {attachments} attachments");
    assert!(files > 0, "MAILFERRY_CORPUS has no files");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
