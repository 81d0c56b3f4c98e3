//! The browser without scripts on a site of a few pages.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

use crate::support::{browser::Browser, urlencoded};

/// Serves these answers, in order; returns the site's address, and the requests once the thread is joined.
fn site(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let asked = thread::spawn(move || {
        let one = |answer: String| {
            let (stream, _) = listener.accept().unwrap();
            let request = read(&stream);
            (&stream).write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
            request
        };
        answers.into_iter().map(one).collect()
    });
    (base, asked)
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut request).unwrap() > 0, "the browser disconnected after {request:?}");
    }
    let length = request.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    request + &String::from_utf8(body).unwrap()
}

#[test]
fn forms_are_submitted_with_their_hidden_fields_and_the_cookie() {
    let form = "<form method=\"post\" action=\"/consent?a=1&amp;b=2\"><input type=\"hidden\" name=\"csrf\" value=\"x&amp;y\">\
                <input type=\"hidden\" name=\"choice\" value=\"no\"><input name=\"user\"></form><input type=\"hidden\" name=\"other\">";
    let page = format!("200 OK\r\nSet-Cookie: session=s3; Path=/; HttpOnly\r\nConnection: close\r\n\r\n{form}");
    let away = "303 See Other\r\nLocation: /done?ok=%C3%A4\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let done = "200 OK\r\nX-Last: yes\r\nConnection: close\r\n\r\ndone";
    let (base, asked) = site(vec![page, away.to_owned(), done.to_owned()]);

    let browser = Browser::new();
    let page = browser.open(&format!("{base}/folder/start"));
    let page = browser.submit(&page, &[("user", "anna + co"), ("choice", "yes")]);
    assert_eq!((page.status, page.body.as_str(), page.header("x-last")), (200, "done", Some("yes")));
    assert_eq!(page.url, format!("{base}/done?ok=%C3%A4"));
    assert_eq!(page.parameter("ok").unwrap(), "ä");
    let asked = asked.join().unwrap();
    assert!(asked[1].starts_with("POST /consent?a=1&b=2 "), "{asked:?}");
    assert!(asked[1].contains("\r\nCookie: session=s3\r\n"), "{asked:?}");
    let form = urlencoded::decode(asked[1].rsplit("\r\n").next().unwrap());
    let sent: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(sent, [("choice", "yes"), ("csrf", "x&y"), ("user", "anna + co")]);
    assert!(asked[2].starts_with("GET /done?ok="), "{asked:?}");
}
