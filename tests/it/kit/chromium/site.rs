//! The site: a thread that serves a page for each path.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use crate::support::urlencoded;

const FORM: &str = r#"<html lang="en"><title>Form</title><main><h1>Form</h1><form method="post" action="/sent">
<label>User <input id="user" name="user"></label>
<label>None <input id="none" name="none"></label>
<label>Day <input id="day" name="day" type="date"></label>
<label>Lot <select id="lot" name="lot"><option value="1">One</option><option value="2">Two</option></select></label>
<label>Yes <input id="yes" name="yes" type="checkbox"></label>
<label>No <input id="no" name="no" type="checkbox"></label>
<button id="send">Send</button></form></main>"#;

const SCRIPTS: &str = r#"<html lang="en"><title>Scripts</title><noscript>no scripts</noscript>
<button id="later">Later</button><button id="ask">Ask</button><button id="fail">Fail</button><button id="move">Move</button>
<p id="said"></p>
<script>
const on = (id, act) => document.getElementById(id).addEventListener("click", act);
const answers = [];
on("later", () => fetch("/asked").then(() => { document.getElementById("said").innerHTML = "it is <b id=new>later</b>"; }));
on("ask", () => answers.push(confirm("Really?")));
on("fail", () => { throw new Error("failed on purpose"); });
on("move", () => fetch("/asked").then(() => { location.href = "/sent"; }));
</script>"#;

const POLICY: &str = r#"<html lang="en"><title>Policy</title><main><h1>Policy</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<input name="nameless"></main><script>var ran = true;</script>"#;

const LEAVING: &str = r#"<html lang="en"><title>Leaving</title><img src="http://example.com/page.png">
<iframe sandbox srcdoc="in a frame<img src='http://example.com/frame.png'><script>var ran = true;</script>"></iframe>
<iframe src="http://127.0.0.1:PORT/elsewhere"></iframe>"#;

const ELSEWHERE: &str =
    "in another process<script src='http://example.com/elsewhere.js'></script><script>var ran = true;</script>";

const COLOURS: &str = r#"<html lang="en"><meta name="viewport" content="width=device-width"><title>Colours</title>
<style>body { margin: 0; height: 2000px; background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>"#;

const COOKIES: &str = "Set-Cookie: plain=1; Path=/; HttpOnly; SameSite=Lax\r\n\
Set-Cookie: __Host-safe=1; Path=/; Secure; HttpOnly; SameSite=Strict\r\n";

pub struct Site {
    port: u16,
}

impl Site {
    /// Starts the site, which answers until the test process ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Each connection gets a thread, because the browser opens some on which it sends nothing.
                thread::spawn(move || answer(&stream));
            }
        });
        Self { port }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The URL of the same site under another host name, which does not share its cookies.
    pub fn url_by_number(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn answer(mut stream: &TcpStream) -> Option<()> {
    let (head, body) = read(stream)?;
    let path = head.split([' ', '?']).nth(1)?;
    let (headers, page) = match path {
        "/form" => ("", FORM.to_owned()),
        "/sent" => ("", sent(&body)),
        "/scripts" => ("", SCRIPTS.to_owned()),
        "/policy" => ("Content-Security-Policy: script-src 'none'\r\n", POLICY.to_owned()),
        "/leaving" => ("", LEAVING.replace("PORT", &stream.local_addr().ok()?.port().to_string())),
        "/elsewhere" => ("", ELSEWHERE.to_owned()),
        "/colours" => ("", COLOURS.to_owned()),
        "/large" => ("", "x".repeat(100_000)),
        "/cookies" => (COOKIES, String::new()),
        "/asked" => ("", format!("<pre>{head}</pre>")),
        // Every window requests its icon.
        _ => return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok(),
    };
    let headers = format!("{headers}Content-Type: text/html; charset=utf-8\r\nConnection: close");
    stream.write_all(format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n<!doctype html>{page}").as_bytes()).ok()
}

/// A page that shows the fields that a form has sent, in order.
fn sent(body: &str) -> String {
    let mut text = String::new();
    for field in body.split('&') {
        let (name, value) = urlencoded::decode(field).pop_first().unwrap_or_default();
        write!(text, "{name}={value} ").unwrap();
    }
    format!("<html lang=\"en\"><main>{}</main><a href=\"/form?a=1\">Connect with Microsoft</a>", text.trim_end())
}

fn read(stream: &TcpStream) -> Option<(String, String)> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (stream.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}
