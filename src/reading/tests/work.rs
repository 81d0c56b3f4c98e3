//! Tests of the cost of reading a mail: it is linear in the size, each part is decoded once, and the time limit is kept.

use std::time::{Duration, Instant};

use super::super::budget::Budget;
use super::super::{Cut, Reading, build_view, cleaned_html};

/// A name, a size, and a function that creates the mail.
type Row = (String, usize, Box<dyn Fn(usize) -> Vec<u8>>);

fn ample_budget() -> Budget {
    Budget::new(Duration::from_secs(600))
}

/// The processor time of this thread so far (proc(5), schedstat), which a busy machine affects less than a clock.
fn processor_time() -> Duration {
    // The kernel updates the number when it may switch threads.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// The processor time of one view, including the HTML if there is any.
fn cost(raw: &[u8]) -> Duration {
    let begun = processor_time();
    if std::hint::black_box(build_view(raw, &ample_budget())).remote.is_some() {
        std::hint::black_box(cleaned_html(raw, &ample_budget()));
    }
    processor_time() - begun
}

/// Maximum cost of a mail twice as long. Quadratic work would cost 4 times as much.
const MAX_RATIO: f64 = 2.3;

/// The ratio of the costs of two mails. Both costs are measured again if the ratio looks too high, since caches affect
/// single measurements.
fn ratio(small: &[u8], large: &[u8], first: Duration) -> f64 {
    let (mut least, mut most) = (cost(small), first);
    for _ in 0..20 {
        if most.as_secs_f64() <= 2.2 * least.as_secs_f64() {
            break;
        }
        (least, most) = (least.min(cost(small)), most.min(cost(large)));
    }
    most.as_secs_f64() / least.as_secs_f64()
}

fn of_html(html: &str) -> Vec<u8> {
    format!("Content-Type: text/html; charset=utf-8\r\n\r\n{html}").into_bytes()
}

fn encoded(head: &str, piece: &str, bytes: usize) -> Vec<u8> {
    format!("{head}\r\n\r\n{}", piece.repeat(bytes / piece.len())).into_bytes()
}

fn multipart(parts: impl Iterator<Item = String>) -> Vec<u8> {
    let parts: String = parts.map(|part| format!("--b\r\n{part}\r\n")).collect();
    format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n").into_bytes()
}

#[test]
fn the_cost_of_a_mail_is_linear() {
    let mut rows: Vec<Row> = Vec::new();
    // Header fields, as many as are shown, and addresses.
    for piece in
        ["=?utf-8?q?=C3=A5?= ", "=?a?q?", "=?utf-8?b?w6U=?=", "(", "<", "\"", "a@b.se, ", ";:", "\\", "é", "\r\n x"]
    {
        for name in ["Subject", "To", "Message-ID"] {
            let make = move |n| format!("{name}: {}\r\n", piece.repeat(2000 / piece.len())).repeat(n).into_bytes();
            rows.push((format!("{name}: {piece}"), 80, Box::new(make)));
        }
    }
    // The headers of parts.
    for piece in [";p*0*=utf-8''%41", ";p=\"", "; name=a", "(", "=?utf-8?q?a?=", ";filename*1*=%00", "\r\n "] {
        for name in
            ["Content-Type: a/b", "Content-Disposition: attachment", "Content-ID: <x", "Content-Transfer-Encoding: x"]
        {
            let part = format!("{name}{}\r\n\r\nx", piece.repeat(3000 / piece.len()));
            rows.push((format!("{name}{piece}"), 40, Box::new(move |n| multipart((0..n).map(|_| part.clone())))));
        }
    }
    let lines = |what: &str, count, piece: &'static str| -> Row {
        (format!("{what} {piece:?}"), count, Box::new(move |n| encoded("X: y", piece, n)))
    };
    rows.push(lines("lines", 100_000, "x\r\n"));
    rows.push(lines("a line", 100_000, "x"));
    // Encodings and character sets.
    for (encoding, piece) in [
        ("quoted-printable", "=C3=A5"),
        ("quoted-printable", " "),
        ("quoted-printable", "="),
        ("quoted-printable", "= \t"),
        ("quoted-printable", "=\r\n"),
        ("base64", "AAAA"),
        ("base64", "="),
        ("base64", "!"),
        ("8bit", "å"),
    ] {
        let head = format!("Content-Transfer-Encoding: {encoding}");
        rows.push((format!("{encoding} {piece:?}"), 40_000, Box::new(move |n| encoded(&head, piece, n))));
    }
    for charset in
        ["utf-7", "utf-16", "iso-2022-jp", "gb18030", "big5", "shift_jis", "euc-kr", "iso-8859-1", "koi8-r", "us-ascii"]
    {
        for piece in ["\u{1b}$B", "+AOU-", "å"] {
            let head = format!("Content-Type: text/plain; charset={charset}");
            rows.push((format!("{charset} {piece:?}"), 40_000, Box::new(move |n| encoded(&head, piece, n))));
        }
    }
    assert_linear(rows);
}

#[test]
fn the_cost_of_html_and_parts_is_linear() {
    let mut rows: Vec<Row> = Vec::new();
    for piece in [
        "<div>",
        "<b>",
        "<p>x",
        "<a href=http://a.example>",
        "<table>",
        "<table><tr><td>",
        "<svg>",
        "<",
        "</p>",
        "<!-- -->",
        "<!-- --!>",
        "<!-",
        "<script>",
        "<script></scriptx>",
        "<img src=\"",
        "&",
        "&amp;",
        "&nbsp;",
        "&#x202e;",
        "<p style='color:red;'>",
        "<p style='color:rgb(1,2,3);background:url(x);'>",
        "<b><i></b></i><p>x",
        "<p><b><font><a href=http://a.example><i>x</p>",
        "<img src=cid:x>",
        "<img src=https://a.example/x.png>",
        "<ul><li>",
        "<dl><dd>",
        "<h1>",
        "<nobr>",
        "<pre>\n",
        "x",
        "å",
        "\u{202e}",
        "<p title=\"&quot;\">",
        "<td>",
        "<caption>",
        "<![CDATA[",
        "<?php",
        "<textarea>",
        "<style>",
        "<select><option>",
        "<p a=1 b=2 c=3>",
    ] {
        rows.push((piece.to_owned(), 15_000, Box::new(move |n| of_html(&piece.repeat(n / piece.len())))));
    }
    rows.push((
        "one tag with many attributes".into(),
        20_000,
        Box::new(|n| of_html(&format!("<p {}>", (0..n).map(|n| format!("a{n}=1 ")).collect::<String>()))),
    ));
    rows.push((
        "one long attribute".into(),
        200_000,
        Box::new(|n| of_html(&format!("<p style='{}'>", "color:red;".repeat(n / 10)))),
    ));
    rows.push((
        "parts".into(),
        400,
        Box::new(|n| multipart((0..n).map(|n| format!("Content-Type: text/plain\r\n\r\n{n}")))),
    ));
    rows.push((
        "HTML parts".into(),
        200,
        Box::new(|n| multipart((0..n).map(|n| format!("Content-Type: text/html\r\n\r\n<b>{n}</b>")))),
    ));
    rows.push((
        "blank parts".into(),
        100,
        Box::new(|n| {
            multipart((0..n).map(|_| format!("Content-Type: text/html\r\n\r\n{}", "<p> </p>\r\n".repeat(300))))
        }),
    ));
    rows.push((
        "attachments".into(),
        200,
        Box::new(|n| {
            let head = "Content-Type: a/b\r\nContent-Transfer-Encoding: base64";
            multipart((0..n).map(|_| format!("{head}\r\n\r\n{}", "AAAA\r\n".repeat(500))))
        }),
    ));
    rows.push((
        "names".into(),
        200,
        Box::new(|n| {
            multipart((0..n).map(|_| {
                format!("Content-Disposition: attachment; filename=\"{}\"\r\n\r\nx", "/\u{202e}.".repeat(600))
            }))
        }),
    ));
    rows.push((
        "parts in parts".into(),
        40,
        Box::new(|n| {
            let level = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
            format!("{}\r\n\r\n{}", (0..n).map(level).collect::<String>(), "--b1x\r\n".repeat(1000 * n)).into_bytes()
        }),
    ));
    rows.push((
        "mails in mails".into(),
        20_000,
        Box::new(|n| "Content-Type: message/rfc822\r\n\r\n".repeat(n).into_bytes()),
    ));
    rows.push(("one picture".into(), 90, Box::new(|n| pictured(n, 1, 6000))));
    rows.push(("many pictures".into(), 90, Box::new(|n| pictured(n, n, 6000))));
    assert_linear(rows);
}

/// A mail with `calls` references to `pictures` pictures of `bytes` bytes each.
fn pictured(calls: usize, pictures: usize, bytes: usize) -> Vec<u8> {
    let html: String = (0..calls).map(|n| format!("<img src=cid:{}>", n % pictures)).collect();
    let data = format!("iVBORw0KGgoA{}", "AAAA".repeat(bytes / 3));
    let picture =
        |n| format!("Content-Type: image/png\r\nContent-ID: <{n}>\r\nContent-Transfer-Encoding: base64\r\n\r\n{data}");
    multipart(std::iter::once(format!("Content-Type: text/html\r\n\r\n{html}")).chain((0..pictures).map(picture)))
}

/// Checks that the cost of every row's mail at most doubles, up to [`MAX_RATIO`], if its size doubles.
fn assert_linear(rows: Vec<Row>) {
    let mut wrong = Vec::new();
    for (what, count, make) in rows {
        let (small, large) = (make(count), make(2 * count));
        // Skip a mail that is read too fast to be measured.
        let first = cost(&large);
        if first < Duration::from_millis(5) {
            continue;
        }
        let ratio = ratio(&small, &large, first);
        if ratio > MAX_RATIO {
            wrong.push(format!("{what}: {ratio:.2}, {first:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_part_is_decoded_once_however_often_it_is_referenced() {
    for (calls, pictures) in [(200, 1), (200, 5), (3, 3)] {
        let raw = pictured(calls, pictures, 400_000);
        let budget = ample_budget();
        let cleaned = cleaned_html(&raw, &budget).unwrap();
        assert!(budget.decoded() <= raw.len(), "{calls} {pictures}: {} of {}", budget.decoded(), raw.len());
        assert!(cleaned.html.contains("data:image/png") && cleaned.html.len() < 6 << 20);
        assert_eq!(cleaned.is_cut, calls == 200, "omitted pictures are reported");
        let budget = ample_budget();
        build_view(&raw, &budget);
        assert!(budget.decoded() <= raw.len(), "{} of {}", budget.decoded(), raw.len());
    }
    // Bare text/plain and text/html parts: both belong to the HTML body and to the text body (RFC 8621 4.1.4).
    let text = "Content-Transfer-Encoding: base64\r\nContent-Type: text/";
    let raw =
        multipart(["plain", "html"].into_iter().map(|kind| format!("{text}{kind}\r\n\r\n{}", "YWFh".repeat(50_000))));
    let budget = ample_budget();
    let Reading { text, html, .. } = build_view(&raw, &budget).reading;
    assert!(text.unwrap().len() > 290_000 && html.unwrap().len() > 290_000);
    assert!(budget.decoded() <= raw.len(), "{} of {}", budget.decoded(), raw.len());
}

#[test]
fn reading_stops_at_the_time_limit_and_reports_it() {
    let html = |piece: &str| of_html(&piece.repeat((1 << 20) / piece.len()));
    let mails = [
        ("lines", b"--\n".repeat(5_000_000)),
        ("fields", encoded("X: y", "Subject: =?a?q?=?a?q?\r\n", 8 << 20)),
        ("parts", multipart((0..1000).map(|_| format!("Content-Type: a/b{}\r\n\r\nx", ";p*0*=%41".repeat(400))))),
        ("base64", encoded("Content-Type: a/b\r\nContent-Transfer-Encoding: base64", "AAAA", 40 << 20)),
        (
            "blank parts",
            multipart((0..40).map(|_| format!("Content-Type: text/html\r\n\r\n{}", "<p> </p>".repeat(1 << 17)))),
        ),
        ("tags", html("<p><b>x")),
        ("tables", html("<table><tr><td>")),
        ("entities", html("&amp;")),
        ("links", html("<a href=http://a.example style='color:red'>x</a>")),
    ];
    for (what, raw) in mails {
        for within in [Duration::ZERO, Duration::from_millis(20)] {
            let begun = Instant::now();
            let view = build_view(&raw, &Budget::new(within));
            let cleaned = cleaned_html(&raw, &Budget::new(within));
            let took = begun.elapsed();
            assert!(took < Duration::from_millis(1500), "{what} took {took:?}; the limit is {within:?}");
            // Within a longer limit, a fast machine may read everything.
            if within.is_zero() {
                assert!(view.reading.cut.contains(&Cut::Time), "{what}: {:?}", view.reading.cut);
                assert!(cleaned.is_none_or(|cleaned| cleaned.is_cut), "{what}");
            }
        }
    }
}
