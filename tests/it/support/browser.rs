//! A browser without scripts, implemented with curl: it opens links, sends forms and keeps cookies.

mod form;

use std::{fs, process::Command};

use tempfile::TempDir;

use super::urlencoded;

/// A browser with its own cookies.
pub struct Browser {
    dir: TempDir,
}

/// The page that the browser shows after redirects.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// The URL after redirects.
    pub url: String,
    pub body: String,
    headers: String,
}

impl Page {
    /// The value of a header of the last answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.headers.lines().filter_map(|line| line.split_once(':'));
        headers.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// A parameter of the URL, such as the code of an identity provider.
    pub fn parameter(&self, name: &str) -> Option<String> {
        urlencoded::decode(self.url.split_once('?')?.1).remove(name)
    }
}

impl Browser {
    pub fn new() -> Self {
        Self { dir: TempDir::with_prefix("browser-").unwrap() }
    }

    /// Opens a link and follows its redirects.
    pub fn open(&self, url: &str) -> Page {
        self.curl(url, &[])
    }

    /// Fills in the page's first form and sends it, with its hidden fields.
    pub fn submit(&self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let mut all = form::hidden_fields(&page.body);
        all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        all.extend(fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        let data: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut options = Vec::new();
        for field in &data {
            options.extend(["--data-urlencode", field]);
        }
        if data.is_empty() {
            options.extend(["--data", ""]);
        }
        self.curl(&form::target(&page.url, &page.body), &options)
    }

    /// Opens the link to the login page of mock-oauth2-server and logs in; returns the application's answer.
    pub fn log_in(&self, link: &str, username: &str) -> Page {
        self.log_in_with(link, username, "")
    }

    /// Like `log_in`, with a JSON object of additional claims for the tokens, such as `email`.
    pub fn log_in_with(&self, link: &str, username: &str, claims: &str) -> Page {
        let page = self.open(link);
        assert!(page.status == 200 && page.body.contains("name=\"username\""), "no login page: {page:?}");
        self.submit(&page, &[("username", username), ("claims", claims)])
    }

    fn curl(&self, url: &str, options: &[&str]) -> Page {
        let file = |name: &str| self.dir.path().join(name).to_string_lossy().into_owned();
        let (cookies, headers, body) = (file("cookies"), file("headers"), file("body"));
        let _ = fs::remove_file(&body);
        let output = Command::new("curl")
            // First: ignore the caller's configuration file and proxy.
            .args(["-q", "--noproxy", "*", "--silent", "--show-error", "--location", "--max-time", "60"])
            .args(["--cookie", &cookies, "--cookie-jar", &cookies, "--dump-header", &headers, "--output", &body])
            .args(["--write-out", "%{http_code} %{url_effective}"])
            .args(options)
            .args(["--", url])
            .output()
            .expect("curl starts");
        assert!(output.status.success(), "{url}: {}", String::from_utf8_lossy(&output.stderr));
        let written = String::from_utf8(output.stdout).unwrap();
        let (status, url) = written.split_once(' ').unwrap();
        // The file also contains the headers of every redirect.
        let headers = fs::read_to_string(&headers).unwrap();
        let last = headers.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default();
        Page {
            status: status.parse().unwrap(),
            url: url.to_owned(),
            // An answer without a body leaves no file.
            body: String::from_utf8_lossy(&fs::read(&body).unwrap_or_default()).into_owned(),
            headers: last.to_owned(),
        }
    }
}
