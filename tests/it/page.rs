//! The pages as people see them: a real Chromium, real mail servers, and `mailferry serve`.

mod catching_up;
mod connecting;
mod consenting;
mod entering;
mod hostile;
mod looks;
mod sending;
mod watching;

use crate::support::{
    chromium::{Chromium, Page},
    mailferry::{Mailferry, Serve},
};

/// A password that a person might choose.
const PASSWORD: &str = "rätt häst batteri";

/// An installation with an operator called anna, and its pages.
struct Site {
    mailferry: Mailferry,
    serve: Serve,
}

impl Site {
    fn new() -> Self {
        Self::with_installation(Mailferry::new())
    }

    fn with_installation(mut mailferry: Mailferry) -> Self {
        mailferry.env("MAILFERRY__HTTP__INBOX_DOMAIN", "mail.kundo.se");
        mailferry.ok_with_input(&["user", "add", "anna", "--role", "operator", "--password-stdin"], PASSWORD);
        let serve = mailferry.serve();
        Self { mailferry, serve }
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.serve.port)
    }

    /// A browser in which nobody is signed in.
    fn guest(&self, language: &str) -> Page {
        let page = Chromium::shared().page_in(language);
        page.go(&self.url("/login"));
        page
    }

    /// A browser in which this person is signed in.
    fn page_of(&self, name: &str, language: &str) -> Page {
        let page = self.guest(language);
        sign_in(&page, name, PASSWORD);
        page
    }

    /// A browser in which the operator is signed in, in English.
    fn page(&self) -> Page {
        self.page_of("anna", "en")
    }
}

fn sign_in(page: &Page, name: &str, password: &str) {
    page.fill("#name", name);
    page.fill("#password", password);
    page.click("main form button");
}

/// No request left this machine, only our own scripts ran, and no policy was violated.
fn assert_no_violations(page: &Page) {
    assert_eq!(page.external_requests(), [""; 0]);
    // A form that is shown again has the status 422, which Chromium logs as an error.
    let errors: Vec<String> = page.console_errors().into_iter().filter(|line| !line.contains("status of 4")).collect();
    assert_eq!(errors, [""; 0]);
}
