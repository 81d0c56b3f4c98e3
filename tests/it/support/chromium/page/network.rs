//! What went over the wire for the page, and what it complained about.

use serde_json::{Value, json};
use url::{Host, Url};

use super::Page;
use crate::support::chromium::seen::Seen;

/// A cookie as the browser keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub domain: String,
    pub path: String,
    pub secure: bool,
    pub http_only: bool,
    /// `Strict`, `Lax`, `None`, or empty where the server said nothing.
    pub same_site: String,
    /// Does it end with the browser?
    pub session: bool,
}

impl Page {
    /// The status of the newest document, after redirects.
    pub fn status(&self) -> u16 {
        self.seen(|seen| seen.document.as_ref().expect("a document from a server").status as u16)
    }

    /// A header of the newest document, as the server sent it; several of one name are lines of one text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.seen(|seen| seen.header(name))
    }

    /// Every URL that any frame of the page has asked for, in order, redirects included.
    pub fn requests(&self) -> Vec<String> {
        self.seen(|seen| seen.requests.clone())
    }

    /// Those of `requests` that wanted to leave this machine. None did: its resolver knows no other.
    pub fn leaving(&self) -> Vec<String> {
        self.requests().into_iter().filter(|url| !stays_here(url)).collect()
    }

    /// What dialogs of scripts have said. They were accepted, unless `dismiss_dialogs` was called before.
    pub fn dialogs(&self) -> Vec<String> {
        self.seen(|seen| seen.dialogs.clone())
    }

    /// Dialogs from now on are left by `Cancel`.
    pub fn dismiss_dialogs(&self) {
        self.tab.borrow_mut().accepts_dialogs = false;
    }

    /// What the console shows in red: exceptions, violations of the policy, answers that failed.
    pub fn console_errors(&self) -> Vec<String> {
        self.seen(|seen| seen.errors.clone())
    }

    /// The URL of every script of the page that was run, in any frame; one within a document has the document's.
    pub fn scripts(&self) -> Vec<String> {
        self.seen(|seen| seen.scripts.clone())
    }

    /// The bytes of all answers since the last `go`, headers included, compressed as they came.
    pub fn transferred(&self) -> u64 {
        self.seen(|seen| seen.transferred)
    }

    /// The cookies that would go with a request to where the page is.
    pub fn cookies(&self) -> Vec<Cookie> {
        let answer = self.tab.borrow_mut().command("Network.getCookies", json!({}));
        answer["cookies"].as_array().unwrap().iter().map(cookie).collect()
    }

    /// Gives the browser a cookie for where the page is, with the flags that its name demands.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let cookie =
            json!({"name": name, "value": value, "url": self.url(), "path": "/", "secure": name.starts_with("__")});
        let set = self.tab.borrow_mut().command("Network.setCookie", cookie);
        assert_eq!(set["success"], json!(true), "the browser takes the cookie {name}");
    }

    fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        // What has happened meanwhile is told before this is answered.
        let _ = self.tab.borrow_mut().evaluate("0");
        look(&self.tab.borrow().seen)
    }
}

fn cookie(cookie: &Value) -> Cookie {
    let text = |name: &str| cookie[name].as_str().unwrap_or_default().to_owned();
    let is = |name: &str| cookie[name] == json!(true);
    Cookie {
        name: text("name"),
        value: text("value"),
        domain: text("domain"),
        path: text("path"),
        secure: is("secure"),
        http_only: is("httpOnly"),
        same_site: text("sameSite"),
        session: is("session"),
    }
}

fn stays_here(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => ["data", "blob", "about"].contains(&url.scheme()),
    }
}
