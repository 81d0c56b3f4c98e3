//! The actions of a person on a page, and the queries of a test.

mod axe;
mod input;
mod look;
mod network;

use std::cell::RefCell;

use serde_json::{Value, json};

pub use network::Cookie;

use super::tab::Tab;

const ELEMENTS: &str = include_str!("elements.js");

/// A window with one page, seen by one test. It is closed when dropped, with its cookies.
pub struct Page {
    tab: RefCell<Tab>,
}

impl Page {
    pub(super) fn open(endpoint: &str, language: &str) -> Self {
        let page = Self { tab: RefCell::new(Tab::open(endpoint)) };
        page.set_language(language);
        page
    }

    /// Opens a URL and waits until it has loaded completely. `transferred` counts from here.
    pub fn go(&self, url: &str) {
        let mut tab = self.tab.borrow_mut();
        tab.events.transferred = 0;
        let before = tab.events.navigation.loader.clone();
        let gone = tab.command("Page.navigate", json!({"url": url}));
        assert!(gone["errorText"].is_null(), "{url}: {}", gone["errorText"]);
        // A navigation within the document has no new loader and nothing to wait for.
        let is_other = !gone["loaderId"].is_null();
        let arrived = tab.listen(|tab| {
            let navigation = &tab.events.navigation;
            (navigation.is_settled() && (navigation.loader != before || !is_other)).then_some(())
        });
        assert!(arrived.is_some(), "{url} does not finish loading");
    }

    /// Opens the page's URL again, by `go`, after an empty page.
    pub fn reload(&self) {
        let url = self.url();
        self.go("about:blank");
        self.go(&url);
    }

    /// The URL of the page, after redirects and scripts.
    pub fn url(&self) -> String {
        self.text_of("location.href")
    }

    /// The visible text of the page.
    pub fn text(&self) -> String {
        self.text_of("document.body.innerText")
    }

    /// The visible text of each frame below the main one, such as one that shows a mail.
    pub fn frame_texts(&self) -> Vec<String> {
        let values = self.in_frames("document.body?.innerText");
        values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The value of an expression in each frame below the main one, in an isolated world.
    pub fn in_frames(&self, expression: &str) -> Vec<Value> {
        self.tab.borrow_mut().evaluate_in_frames(expression)
    }

    /// The document as it is now, with the changes that scripts have made.
    pub fn html(&self) -> String {
        self.text_of("document.documentElement.outerHTML")
    }

    pub fn title(&self) -> String {
        self.text_of("document.title")
    }

    pub fn has(&self, selector: &str) -> bool {
        self.eval(&format!("document.querySelector({}) !== null", quoted(selector))) == json!(true)
    }

    /// The number of elements that match this selector.
    pub fn count(&self, selector: &str) -> usize {
        self.eval(&format!("document.querySelectorAll({}).length", quoted(selector))).as_u64().unwrap() as usize
    }

    /// The attribute of the first element that matches this selector.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let expression = format!("document.querySelector({}).getAttribute({})", quoted(selector), quoted(name));
        self.eval(&expression).as_str().map(str::to_owned)
    }

    /// The current value of a field.
    pub fn value(&self, selector: &str) -> String {
        self.text_of(&format!("document.querySelector({}).value", quoted(selector)))
    }

    /// The element with the focus, such as `button "Save"`; `body ""` if there is none.
    pub fn focused(&self) -> String {
        let focused = "document.activeElement === document.body ? 'body \"\"' : describe(document.activeElement)";
        let value = self.of_elements(focused).unwrap_or_else(|error| panic!("focused: {error}"));
        value.as_str().unwrap().to_owned()
    }

    /// The value of an expression among the page's own scripts; a promise is awaited.
    pub fn eval(&self, expression: &str) -> Value {
        self.try_eval(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Like `eval`, for a page that may be navigating; returns the error.
    pub fn try_eval(&self, expression: &str) -> Result<Value, String> {
        self.tab.borrow_mut().evaluate(expression)
    }

    /// Waits until this text is visible.
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(text, &format!("document.body.innerText.includes({})", quoted(text)));
    }

    /// Waits until an element that matches this selector exists.
    pub fn wait_for_element(&self, selector: &str) {
        self.wait_for(selector, &format!("document.querySelector({}) !== null", quoted(selector)));
    }

    fn wait_for(&self, what: &str, condition: &str) {
        self.until(what, || {
            // While a navigation replaces the document, there is no document to evaluate in.
            let value = self.tab.borrow_mut().evaluate(condition).unwrap_or_default();
            (value == json!(true)).then_some(())
        });
    }

    /// Like `wait::until`; the failure message contains the page.
    fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let found = crate::support::wait::within(super::tab::TIMEOUT, look);
        found.unwrap_or_else(|| panic!("timeout waiting for {what} on {}:\n{}", self.url(), self.text()))
    }

    fn text_of(&self, expression: &str) -> String {
        self.eval(expression).as_str().unwrap_or_default().to_owned()
    }

    /// The value of an expression that may use the functions of `elements.js`.
    fn of_elements(&self, expression: &str) -> Result<Value, String> {
        self.tab.borrow_mut().evaluate_isolated(&format!("(() => {{\n{ELEMENTS}\nreturn {expression};\n}})()"))
    }
}

/// A text as a JavaScript literal.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}
