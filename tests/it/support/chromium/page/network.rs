//! The requests, answers, cookies and errors of the page.

use serde_json::{Value, json};
use url::{Host, Url};

use super::Page;
use crate::support::chromium::events::PageEvents;

/// A cookie as the browser keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub domain: String,
    pub path: String,
    pub secure: bool,
    pub http_only: bool,
    /// `Strict`, `Lax`, `None`, or empty if the server sent none.
    pub same_site: String,
    /// Whether the cookie ends with the browser session.
    pub session: bool,
}

impl Page {
    /// The status of the newest document, after redirects.
    pub fn status(&self) -> u16 {
        self.events(|events| events.document.as_ref().expect("a document from a server").status as u16)
    }

    /// A header of the newest document, as the server sent it; several of one name are lines of one text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.events(|events| events.header(name))
    }

    /// Every URL that any frame of the page has requested, in order, redirects included.
    pub fn requests(&self) -> Vec<String> {
        self.events(|events| events.requests.clone())
    }

    /// The requests to other machines. None succeeds: the resolver knows no other host.
    pub fn external_requests(&self) -> Vec<String> {
        self.requests().into_iter().filter(|url| !is_local(url)).collect()
    }

    /// The texts of script dialogs. They were accepted, unless `dismiss_dialogs` was called before.
    pub fn dialogs(&self) -> Vec<String> {
        self.events(|events| events.dialogs.clone())
    }

    /// Cancels dialogs from now on.
    pub fn dismiss_dialogs(&self) {
        self.tab.borrow_mut().accepts_dialogs = false;
    }

    /// The errors in the console: exceptions, policy violations, failed requests, and what scripts log as errors.
    pub fn console_errors(&self) -> Vec<String> {
        self.events(|events| events.errors.clone())
    }

    /// The URL of every script of the page that ran, in any frame; an inline script has the URL of its document.
    pub fn scripts(&self) -> Vec<String> {
        self.events(|events| events.scripts.clone())
    }

    /// The size of all responses since the last `go`, with headers, as transferred (compressed).
    pub fn transferred(&self) -> u64 {
        self.events(|events| events.transferred)
    }

    /// The cookies that a request to the page's URL would send.
    pub fn cookies(&self) -> Vec<Cookie> {
        let answer = self.tab.borrow_mut().command("Network.getCookies", json!({}));
        answer["cookies"].as_array().unwrap().iter().map(cookie).collect()
    }

    /// Sets a cookie for the page's URL, with the flags that its name requires.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let cookie =
            json!({"name": name, "value": value, "url": self.url(), "path": "/", "secure": name.starts_with("__")});
        let set = self.tab.borrow_mut().command("Network.setCookie", cookie);
        assert_eq!(set["success"], json!(true), "the browser takes the cookie {name}");
    }

    fn events<T>(&self, look: impl FnOnce(&PageEvents) -> T) -> T {
        // Earlier events arrive before this answer.
        let _ = self.tab.borrow_mut().evaluate("0");
        look(&self.tab.borrow().events)
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

fn is_local(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => ["data", "blob", "about"].contains(&url.scheme()),
    }
}
