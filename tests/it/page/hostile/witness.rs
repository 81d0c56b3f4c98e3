//! Visits pages and records every effect of a payload.

use std::{cell::RefCell, collections::BTreeMap};

use serde_json::{Value, json};

use super::payloads::visible_characters;
use crate::{
    page::Site,
    support::{canary::Canary, chromium::Page},
};

const STRANGERS: &str = include_str!("strangers.js");

/// The maximum number of findings in the failure message.
const MAX_FINDINGS: usize = 40;

pub struct Witness<'a> {
    page: &'a Page,
    /// The only origin that requests may go to.
    origin: String,
    found: RefCell<Vec<String>>,
}

impl<'a> Witness<'a> {
    pub fn new(page: &'a Page, origin: &str) -> Self {
        Self { page, origin: origin.to_owned(), found: RefCell::default() }
    }

    pub fn on_site(page: &'a Page, site: &Site) -> Self {
        Self::new(page, &site.url(""))
    }

    /// Opens a page of the site and inspects it.
    pub fn visit(&self, path: &str) {
        self.page.go(&format!("{}{path}", self.origin));
        self.inspect(path);
    }

    /// Like `visit`, but also visits the pages behind the link to older entries. Returns the visible texts of this selector.
    pub fn visit_all(&self, path: &str, selector: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            self.visit(&path);
            seen.extend(self.texts(selector));
            let older = "[...document.querySelectorAll('main a')].find((one) => one.textContent === 'Older')?.href";
            next = self
                .page
                .try_eval(older)
                .unwrap_or_default()
                .as_str()
                .map(|url| url.trim_start_matches(&self.origin).to_owned());
        }
        seen
    }

    /// Inspects the open page, in all its frames.
    pub fn inspect(&self, name: &str) {
        let unanswered = |error| json!([format!("the page does not answer: {error}")]);
        let of_page = self.page.try_eval(STRANGERS).unwrap_or_else(unanswered);
        let strangers = [vec![of_page], self.page.in_frames(STRANGERS)].concat();
        for stranger in strangers.iter().filter_map(Value::as_array).flatten() {
            self.found.borrow_mut().push(format!("stranger in {name}: {stranger}"));
        }
    }

    /// Records a payload that was not shown, because a page that shows nothing would seem harmless.
    pub fn expect(&self, is_shown: bool, what: impl FnOnce() -> String) {
        if !is_shown {
            self.found.borrow_mut().push(format!("not shown: {}", what()));
        }
    }

    /// Records the expected texts that are not among the visible ones.
    pub fn expect_all(&self, place: &str, wanted: impl Iterator<Item = String>, shown: &[String]) {
        for one in wanted {
            self.expect(shown.contains(&visible_characters(&one)), || format!("{one} in {place}"));
        }
    }

    /// The visible text of each element that matches this selector.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let [texts] = self.all_texts([selector]);
        texts
    }

    /// The visible text of each of these selectors; the texts of several elements are joined.
    pub fn texts_at<const COUNT: usize>(&self, selectors: [&str; COUNT]) -> [String; COUNT] {
        self.all_texts(selectors).map(|texts| texts.concat())
    }

    fn all_texts<const COUNT: usize>(&self, selectors: [&str; COUNT]) -> [Vec<String>; COUNT] {
        let texts = "map((one) => [...document.querySelectorAll(one)].map((element) => element.textContent))";
        let all = self.page.try_eval(&format!("{}.{texts}", json!(selectors.to_vec()))).unwrap_or_default();
        let of_one = |texts: &Value| {
            texts.as_array().into_iter().flatten().filter_map(Value::as_str).map(visible_characters).collect()
        };
        std::array::from_fn(|place| of_one(&all[place]))
    }

    /// The visible text of each frame.
    pub fn frame_texts(&self) -> Vec<String> {
        self.page.frame_texts().iter().map(|text| visible_characters(text)).collect()
    }

    pub fn page(&self) -> &Page {
        self.page
    }

    /// All findings: effects, foreign markup, and payloads that were not shown.
    pub fn findings(&self, canary: &Canary) -> Vec<String> {
        [self.effects_of(canary), self.found.borrow().clone()].concat()
    }

    /// Scripts that ran, dialogs, policy violations, and requests to other hosts.
    pub fn effects_of(&self, canary: &Canary) -> Vec<String> {
        let mut found = Vec::new();
        let mut note = |what: &str, of: Vec<String>| found.extend(of.into_iter().map(|one| format!("{what} {one}")));
        let ours = format!("{}/assets/", self.origin);
        note("script", self.page.scripts().into_iter().filter(|url| !url.starts_with(&ours)).collect());
        note("dialog", self.page.dialogs());
        let is_ours = |url: &str| url.starts_with(&format!("{}/", self.origin)) || url.starts_with("data:");
        note("request", self.page.requests().into_iter().filter(|url| !is_ours(url)).collect());
        // A form that is shown again has the status 422, which Chromium logs as an error.
        let errors = self.page.console_errors().into_iter().filter(|line| !line.contains("status of 4"));
        note("console", errors.collect());
        note("canary", canary.connections());
        found
    }

    /// Checks that everything was shown, and that nothing ran.
    pub fn assert_harmless(&self, canary: &Canary) {
        let found = self.findings(canary);
        let kinds = found.iter().fold(BTreeMap::<&str, usize>::new(), |mut kinds, finding| {
            *kinds.entry(finding.split(' ').next().unwrap_or_default()).or_default() += 1;
            kinds
        });
        assert!(found.is_empty(), "{kinds:?}\n{}", found[..found.len().min(MAX_FINDINGS)].join("\n"));
    }
}
