//! The activity of a page, collected from the browser's events.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::connection::Event;

#[derive(Default)]
pub struct PageEvents {
    /// The id of the main frame of the page.
    pub frame: String,
    /// Every URL that any frame requested, in order.
    pub requests: Vec<String>,
    /// The texts of script dialogs.
    pub dialogs: Vec<String>,
    /// The errors in the console: exceptions, policy violations, failed requests, and what scripts log as errors.
    pub errors: Vec<String>,
    /// The URLs of all scripts that ran, without those of the kit.
    pub scripts: Vec<String>,
    /// The size of all responses since the last `Page::go`, as transferred.
    pub transferred: u64,
    /// The newest document of the main frame.
    pub document: Option<Document>,
    /// The headers as the server sent them, by request; those of `document` lack the headers that are hidden from scripts.
    raw_headers: HashMap<String, Value>,
    /// Requests for the icon of the window. They come at any time, are not part of the page, and may fail.
    icons: HashSet<String>,
    pub navigation: Navigation,
}

pub struct Document {
    pub status: u64,
    request: String,
    headers: Value,
}

/// The loading state of the main frame. Every document has one loader.
#[derive(Default)]
pub struct Navigation {
    pub loader: String,
    is_loaded: bool,
    pub is_under_way: bool,
}

impl Navigation {
    /// Whether the document has loaded completely and no navigation is pending.
    pub fn is_settled(&self) -> bool {
        self.is_loaded && !self.is_under_way
    }
}

impl PageEvents {
    /// A header of the newest document.
    pub fn header(&self, name: &str) -> Option<String> {
        let document = self.document.as_ref()?;
        let headers = self.raw_headers.get(&document.request).unwrap_or(&document.headers).as_object()?;
        let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        found.1.as_str().map(str::to_owned)
    }

    pub fn note(&mut self, event: &Event, main_session: &str) {
        let request = [event.text("/requestId"), event.text("/entry/networkRequestId")].concat();
        if event.method == "Network.requestWillBeSent" {
            self.requests.push(event.text("/request/url").to_owned());
            if event.text("/type") == "Other" && event.text("/request/url").ends_with("/favicon.ico") {
                self.icons.insert(request.clone());
            }
        }
        if self.icons.contains(&request) {
            return;
        }
        let bytes = |path: &str| event.params.pointer(path).and_then(Value::as_f64).unwrap_or_default() as u64;
        match event.method.as_str() {
            "Network.requestWillBeSent" => self.transferred += bytes("/redirectResponse/encodedDataLength"),
            "Network.webSocketCreated" => self.requests.push(event.text("/url").to_owned()),
            "Network.loadingFinished" => self.transferred += bytes("/encodedDataLength"),
            "Network.responseReceivedExtraInfo" => {
                self.raw_headers.insert(event.text("/requestId").to_owned(), event.params["headers"].clone());
            }
            "Page.javascriptDialogOpening" => self.dialogs.push(event.text("/message").to_owned()),
            "Debugger.scriptParsed" => self.note_script(event),
            "Log.entryAdded" if event.text("/entry/level") == "error" => {
                let words = [event.text("/entry/text"), event.text("/entry/url")];
                self.errors.push(words.join(" ").trim_end().to_owned());
            }
            "Runtime.exceptionThrown" => {
                let details =
                    [event.text("/exceptionDetails/text"), event.text("/exceptionDetails/exception/description")];
                self.errors.push(details.join(" "));
            }
            "Runtime.consoleAPICalled" if ["error", "assert"].contains(&event.text("/type")) => {
                self.errors.push(format!("console.{}: {}", event.text("/type"), event.params["args"]));
            }
            _ if event.session == main_session => self.note_of_main_frame(event),
            _ => {}
        }
    }

    /// Records the URL of a script, unless the script is one of the kit's own.
    fn note_script(&mut self, event: &Event) {
        if event.text("/url") != super::tab::OUR_SCRIPT {
            self.scripts.push(event.text("/url").to_owned());
        }
    }

    fn note_of_main_frame(&mut self, event: &Event) {
        let frame =
            if event.method == "Page.frameNavigated" { event.text("/frame/id") } else { event.text("/frameId") };
        if frame != self.frame {
            return;
        }
        let navigation = &mut self.navigation;
        match event.method.as_str() {
            // The navigation of a form is announced before its request, and that of a link together with its request.
            "Page.frameScheduledNavigation" | "Page.frameRequestedNavigation" | "Page.frameStartedLoading" => {
                navigation.is_under_way = true;
            }
            "Page.frameStoppedLoading" => navigation.is_under_way = false,
            "Page.frameNavigated" => {
                navigation.loader = event.text("/frame/loaderId").to_owned();
                navigation.is_loaded = false;
            }
            "Page.lifecycleEvent" if event.text("/name") == "load" && event.text("/loaderId") == navigation.loader => {
                navigation.is_loaded = true;
            }
            "Network.responseReceived" if event.text("/type") == "Document" => {
                let status = event.params["response"]["status"].as_u64().unwrap();
                let headers = event.params["response"]["headers"].clone();
                self.document = Some(Document { status, request: event.text("/requestId").to_owned(), headers });
            }
            _ => {}
        }
    }
}
