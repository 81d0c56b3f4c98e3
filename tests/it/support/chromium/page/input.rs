//! Mouse and keyboard. They act as a person would: on elements that are in view and not covered, by events of the browser
//! and not by calls of a script, so they also work on pages without scripts. Only options and fields such as dates
//! are set, by a script of the kit. Each action waits for its element and, if a navigation follows, for the next document.

use serde_json::{Value, json};

use super::{Page, quoted};

const SHIFT: u64 = 8;

impl Page {
    /// Clicks on the first element that matches this selector.
    pub fn click(&self, selector: &str) {
        self.click_on(selector, &format!("document.querySelector({})", quoted(selector)));
    }

    /// Clicks on the first visible link, button or label with exactly this text.
    pub fn click_text(&self, text: &str) {
        self.click_on(text, &format!("byText({})", quoted(text)));
    }

    /// Clicks, and waits for a text that a script adds.
    pub fn click_and_wait_for(&self, selector: &str, text: &str) {
        self.click(selector);
        self.wait_for_text(text);
    }

    /// Replaces the value of a field: by typing or, for a field such as a date, by a script of the kit.
    pub fn fill(&self, selector: &str, value: &str) {
        let element = format!("document.querySelector({})", quoted(selector));
        self.wait_for_value(selector, &format!("readyToFill({element})"));
        let typed = "['text', 'email', 'password', 'search', 'tel', 'url', 'number', 'textarea']";
        let is_typed = self.wait_for_value(selector, &format!("{typed}.includes({element}.type)"));
        match (is_typed == json!(true), value) {
            (false, _) => drop(self.wait_for_value(selector, &format!("setValue({element}, {})", quoted(value)))),
            (true, "") => self.key("Delete"),
            (true, _) => drop(self.tab.borrow_mut().command("Input.insertText", json!({"text": value}))),
        }
    }

    /// Chooses an option by its value or by its text.
    pub fn choose(&self, select: &str, value: &str) {
        let choice = format!("choose(document.querySelector({}), {})", quoted(select), quoted(value));
        self.with_navigation(|page| {
            let chosen = page.wait_for_value(select, &choice);
            assert_eq!(chosen, json!(true), "{select}");
        });
    }

    /// Ticks a box or chooses a radio button, unless that is already selected.
    pub fn check(&self, selector: &str) {
        self.set_checked(selector, true);
    }

    pub fn uncheck(&self, selector: &str) {
        self.set_checked(selector, false);
    }

    fn set_checked(&self, selector: &str, on: bool) {
        let is_checked = format!("document.querySelector({})?.checked", quoted(selector));
        if self.wait_for_value(selector, &is_checked) != json!(on) {
            self.click(selector);
        }
        assert_eq!(self.eval(&is_checked), json!(on), "{selector} has the wrong state");
    }

    /// Presses a key, such as `Tab`, `Shift+Tab`, `Enter`, `Escape`, `Space`, `ArrowDown` or a character.
    pub fn key(&self, key: &str) {
        let (shift, name) = key.strip_prefix("Shift+").map_or((0, key), |name| (SHIFT, name));
        let (name, code, text) = match name {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "Escape" => ("Escape", 27, ""),
            "Space" => (" ", 32, " "),
            "End" => ("End", 35, ""),
            "Home" => ("Home", 36, ""),
            "ArrowLeft" => ("ArrowLeft", 37, ""),
            "ArrowUp" => ("ArrowUp", 38, ""),
            "ArrowRight" => ("ArrowRight", 39, ""),
            "ArrowDown" => ("ArrowDown", 40, ""),
            "Delete" => ("Delete", 46, ""),
            character if character.chars().count() == 1 => (character, 0, character),
            other => panic!("the kit has no key {other}"),
        };
        let mut event = json!({"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": shift});
        self.with_navigation(|page| {
            for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
                event["type"] = json!(kind);
                event["text"] = json!(if kind == "keyDown" { text } else { "" });
                page.input("Input.dispatchKeyEvent", event.clone());
            }
        });
    }

    fn click_on(&self, what: &str, element: &str) {
        self.with_navigation(|page| {
            let point = page.wait_for_value(what, &format!("pointOf({element})"));
            if let Some(cover) = point.as_str() {
                panic!("{what} cannot be clicked: {cover}");
            }
            let mut event = json!({"x": point["x"], "y": point["y"], "button": "left", "clickCount": 1});
            for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
                event["type"] = json!(kind);
                page.input("Input.dispatchMouseEvent", event.clone());
            }
        });
    }

    /// Sends an input event. The page may navigate, or show a dialog, before it confirms the event.
    fn input(&self, method: &str, params: Value) {
        let _ = self.tab.borrow_mut().try_command(method, params);
    }

    /// Waits until an expression of `elements.js` has a value.
    fn wait_for_value(&self, what: &str, expression: &str) -> Value {
        self.until(what, || {
            // While a navigation replaces the document, there is no document to evaluate in.
            self.of_elements(expression).ok().filter(|value| !value.is_null())
        })
    }

    /// Performs an action, and waits for the navigation that may follow.
    fn with_navigation(&self, act: impl FnOnce(&Self)) {
        act(self);
        // A navigation is announced on the same connection as this answer, and therefore before it.
        let _ = self.tab.borrow_mut().evaluate("0");
        let settled = self.tab.borrow_mut().listen(|tab| tab.events.navigation.is_settled().then_some(()));
        assert!(settled.is_some(), "{} does not finish loading", self.url());
    }
}
