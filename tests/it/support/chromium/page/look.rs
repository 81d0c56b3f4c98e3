//! The environment of the page: screen, colour scheme, cache and scripts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::Page;

const SCRIPTS: &str = "Emulation.setScriptExecutionDisabled";

impl Page {
    /// Sets the size of the window; a mobile one has touch input and honours the page's `viewport`.
    pub fn viewport(&self, width: u32, height: u32, mobile: bool) {
        let mut tab = self.tab.borrow_mut();
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        tab.command("Emulation.setDeviceMetricsOverride", metrics);
        tab.command("Emulation.setTouchEmulationEnabled", json!({"enabled": mobile}));
    }

    /// Sets the preferred colour scheme.
    pub fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.tab.borrow_mut().set("Emulation.setEmulatedMedia", features);
    }

    /// Disables the cache from now on, as at a first visit.
    pub fn cache_off(&self) {
        self.tab.borrow_mut().set("Network.setCacheDisabled", json!({"cacheDisabled": true}));
    }

    /// Disables scripts of pages from now on; scripts of the kit still run.
    pub fn scripts_off(&self) {
        self.tab.borrow_mut().set(SCRIPTS, json!({"value": true}));
    }

    /// Enables scripts for an action that needs them. Scripts of the page that did not run before do not run later.
    pub(super) fn with_scripts<T>(&self, act: impl FnOnce() -> T) -> T {
        if !self.tab.borrow().is_set(SCRIPTS, &json!({"value": true})) {
            return act();
        }
        self.tab.borrow_mut().set(SCRIPTS, json!({"value": false}));
        let done = act();
        self.scripts_off();
        done
    }

    pub(super) fn set_language(&self, language: &str) {
        let mut tab = self.tab.borrow_mut();
        let version = tab.command("Browser.getVersion", json!({}));
        let identity = json!({"userAgent": version["userAgent"], "acceptLanguage": language});
        tab.set("Emulation.setUserAgentOverride", identity);
    }

    /// Saves a screenshot of the whole page, not only of the part in view, in `target/screenshots` or the folder that
    /// MAILFERRY_TEST_SCREENSHOTS names.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let mut tab = self.tab.borrow_mut();
        let metrics = tab.command("Page.getLayoutMetrics", json!({}));
        let size = &metrics["cssContentSize"];
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let picture = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = tab.command("Page.captureScreenshot", picture);
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let folder = match std::env::var_os("MAILFERRY_TEST_SCREENSHOTS") {
            Some(folder) => PathBuf::from(folder),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots"),
        };
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.png"));
        fs::write(&path, bytes).unwrap();
        path
    }
}
