//! The identity providers do what the OAuth tests rely on, as seen by a browser and by curl.

mod browser;
mod misbehaviours;
mod mock_server;
mod provider;
mod sasl;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::Command,
    thread,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::support::{
    oauth_client::{CLIENT_ID, CLIENT_SECRET},
    urlencoded::encode,
};

const USER: &str = "jobb@lillestad.se";

/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Starts an application that answers one redirect of the browser; returns its redirect URI.
fn application() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.is_empty()), "a whole request");
        (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-From: it\r\n\r\nconnected").unwrap();
    });
    format!("http://127.0.0.1:{port}/callback")
}

fn link(base: &str, redirect_uri: &str) -> String {
    format!(
        "{base}/authorize?response_type=code&client_id={CLIENT_ID}&redirect_uri={}&scope=openid%20email%20mail&state=state-of-it\
         &nonce=once&code_challenge={CHALLENGE}&code_challenge_method=S256&login_hint={}&prompt=select_account",
        encode(redirect_uri),
        encode(USER),
    )
}

/// An answer as curl sees it; an exit code other than 0 says why the answer is missing or incomplete.
#[derive(Debug)]
struct CurlResponse {
    code: i32,
    status: u16,
    body: String,
}

impl CurlResponse {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The string with this name in the answer, whose status must be 200.
    fn text(&self, name: &str) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {self:?}")).to_owned()
    }

    /// The status and the OAuth error.
    fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}

fn curl(url: &str, options: &[&str]) -> CurlResponse {
    let output = Command::new("curl")
        .args(["-q", "--noproxy", "*", "--silent", "--write-out", "\n%{http_code}"])
        .args(options)
        .args(["--", url])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    CurlResponse { code: output.status.code().unwrap(), status: status.parse().unwrap(), body: body.to_owned() }
}

/// Submits a form as an application with a secret.
fn post(url: &str, fields: &[(&str, &str)]) -> CurlResponse {
    post_with(url, fields, &["--user", &format!("{CLIENT_ID}:{CLIENT_SECRET}")])
}

fn post_with(url: &str, fields: &[(&str, &str)], options: &[&str]) -> CurlResponse {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let data = fields.iter().flat_map(|field| ["--data-urlencode", field]);
    curl(url, &data.chain(options.iter().copied()).collect::<Vec<_>>())
}

/// Exchanges a code for tokens.
fn redeem(base: &str, code: &str, redirect_uri: &str, verifier: &str) -> CurlResponse {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    post(&format!("{base}/token"), &fields)
}

fn refresh(base: &str, token: &str) -> CurlResponse {
    post(&format!("{base}/token"), &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn claims(jwt: &str) -> Value {
    let claims = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}
