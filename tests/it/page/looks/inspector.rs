//! Inspects a page: its layout, its accessibility, and what it loads.

use std::cell::RefCell;

use serde_json::json;

use crate::{page::Site, support::chromium::Page};

/// The maximum number of bytes that a first visit to a page may transfer.
const MAX_BYTES: u64 = 100 << 10;

const PHONE: u32 = 390;

/// Whether the element with the focus is visible and has a focus mark.
const SHOWS_FOCUS: &str = "(() => {
    const focused = document.activeElement, box = focused.getBoundingClientRect(), style = getComputedStyle(focused);
    return focused !== document.body && box.width > 0 && box.height > 0 && box.left >= 0
        && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
})()";

/// The elements that overflow to the right.
const TOO_WIDE: &str = "[...document.querySelectorAll('body *')]
    .filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest('.sheet, svg'))
    .slice(0, 3).map((one) => one.outerHTML.slice(0, 120)).join(' ')";

/// The findings on all pages of a test.
#[derive(Default)]
pub struct Findings(RefCell<Vec<String>>);

impl Findings {
    pub fn assert_none(&self) {
        let found = self.0.borrow();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

pub struct Inspector<'a> {
    findings: &'a Findings,
    site: &'a Site,
    page: &'a Page,
    language: &'a str,
    fill: &'a str,
}

impl<'a> Inspector<'a> {
    pub fn new(findings: &'a Findings, site: &'a Site, page: &'a Page, language: &'a str, fill: &'a str) -> Self {
        page.cache_off();
        Self { findings, site, page, language, fill }
    }

    /// Opens a page of the site with an empty cache and inspects it.
    pub fn visit(&self, name: &str, path: &str) {
        self.visit_address(name, &self.site.url(path));
    }

    pub fn visit_address(&self, name: &str, url: &str) {
        self.open(name, url);
        self.inspect(name);
    }

    /// Like `visit`, for a page that loads a part of its content later.
    pub fn visit_when(&self, name: &str, path: &str, selector: &str) {
        self.open(name, &self.site.url(path));
        self.page.wait_for_element(selector);
        self.inspect(name);
    }

    pub fn findings(&self) -> &'a Findings {
        self.findings
    }

    pub fn language(&self) -> &'a str {
        self.language
    }

    fn open(&self, name: &str, url: &str) {
        self.page.viewport(1280, 900, false);
        self.page.dark(false);
        self.page.go(url);
        let bytes = self.page.transferred();
        self.record(bytes < MAX_BYTES, name, || format!("costs {bytes} bytes"));
    }

    /// Inspects the open page.
    pub fn inspect(&self, name: &str) {
        let (page, is_swedish) = (self.page, self.language == "sv");
        let within = page.eval("document.documentElement.lang");
        self.record(within == json!(self.language), name, || format!("speaks {within}"));
        page.viewport(1280, 900, false);
        for dark in [false, true] {
            page.dark(dark);
            if !dark || is_swedish {
                self.screenshot(name, "desktop", dark);
                self.axe(name);
            }
        }
        page.viewport(PHONE, 844, true);
        for dark in [true, false] {
            page.dark(dark);
            if dark != is_swedish {
                self.screenshot(name, "phone", dark);
            }
        }
        let width = page.eval("document.documentElement.scrollWidth").as_u64().unwrap();
        let is_narrow = width <= u64::from(PHONE);
        self.record(is_narrow, name, || format!("is {width} wide on a phone: {}", page.eval(TOO_WIDE)));
        if !is_swedish {
            self.axe(name);
        }
        page.viewport(1280, 900, false);
        page.dark(false);
        page.key("Tab");
        self.record(page.eval(SHOWS_FOCUS) == json!(true), name, || format!("hides its focus on {}", page.focused()));
        self.record(page.external_requests().is_empty(), name, || format!("asks {:?}", page.external_requests()));
        self.record(self.console_errors().is_empty(), name, || format!("complains: {:?}", self.console_errors()));
    }

    fn axe(&self, name: &str) {
        let found = self.page.axe();
        self.record(found.is_empty(), name, || found.join("; "));
    }

    fn record(&self, is_fine: bool, name: &str, what: impl FnOnce() -> String) {
        if !is_fine {
            self.findings.0.borrow_mut().push(format!("{name} ({}): {}", self.language, what()));
        }
    }

    /// The errors in the console, except the one for a page that is meant to have an error status.
    fn console_errors(&self) -> Vec<String> {
        let all = self.page.console_errors();
        all.into_iter().filter(|error| !error.contains("the server responded with a status of 4")).collect()
    }

    fn screenshot(&self, name: &str, screen: &str, dark: bool) {
        let light = if dark { "dark" } else { "light" };
        self.page.screenshot(&format!("{name}-{screen}-{light}-{}-{}", self.fill, self.language));
    }
}
