//! Chromium on a site of a few pages, some of which have faults that the kit must report.

mod site;

use std::fs;

use serde_json::json;

use crate::support::chromium::{Chromium, Cookie, Page};
use site::Site;

fn page(site: &Site, path: &str) -> Page {
    let page = Chromium::shared().page();
    page.go(&site.url(path));
    page
}

#[test]
fn a_form_is_filled_in_and_submitted_and_the_next_page_loads() {
    let site = Site::start();
    let page = page(&site, "/form");
    assert_eq!((page.title().as_str(), page.status()), ("Form", 200));
    page.fill("#user", "anna");
    page.fill("#user", "björn + co");
    page.fill("#none", "gone");
    page.fill("#none", "");
    page.fill("#day", "2026-11-24");
    assert_eq!((page.value("#user").as_str(), page.value("#none").as_str()), ("björn + co", ""));
    page.choose("#lot", "Two");
    page.check("#yes");
    page.check("#no");
    page.uncheck("#no");
    page.click("#send");
    assert_eq!(page.url(), site.url("/sent"));
    assert_eq!(page.text(), "user=björn + co none= day=2026-11-24 lot=2 yes=on\nConnect with Microsoft");
    assert!(page.html().contains("<main>"), "{}", page.html());

    page.click_text("Connect with Microsoft");
    assert_eq!(page.url(), site.url("/form?a=1"));
    page.reload();
    assert_eq!(page.value("#user"), "");
    assert_eq!(page.count("input"), 5);
    assert!(page.has("form") && !page.has("form form"));
    assert_eq!(page.attribute("#user", "name").as_deref(), Some("user"));
    assert_eq!(page.attribute("#user", "class"), None);
}

#[test]
fn the_keyboard_moves_between_fields_and_submits() {
    let site = Site::start();
    let page = page(&site, "/form");
    assert_eq!(page.focused(), "body \"\"");
    page.key("Tab");
    assert_eq!(page.focused(), "input \"user\"");
    page.key("x");
    page.key("Tab");
    page.key("Shift+Tab");
    assert_eq!(page.focused(), "input \"user\"");
    page.key("Enter");
    assert!(page.text().starts_with("user=x "), "{}", page.text());
    page.key("Tab");
    assert_eq!(page.focused(), "a \"Connect with Microsoft\"");
    page.key("Enter");
    assert_eq!(page.url(), site.url("/form?a=1"));
}

#[test]
fn the_browser_waits_for_scripts_and_answers_their_dialogs() {
    let site = Site::start();
    let page = page(&site, "/scripts");
    page.click_and_wait_for("#later", "it is later");
    page.wait_for_element("#new");
    page.click("#ask");
    page.dismiss_dialogs();
    page.click("#ask");
    assert_eq!(page.dialogs(), ["Really?", "Really?"]);
    assert_eq!(page.eval("answers"), json!([true, false]));
    assert_eq!(page.eval("Promise.resolve({a: 1})"), json!({"a": 1}));
    assert_eq!(page.scripts(), [site.url("/scripts")]);
    assert_eq!(page.console_errors(), [""; 0]);

    page.click("#fail");
    let errors = page.console_errors();
    assert!(errors.len() == 1 && errors[0].contains("Error: failed on purpose"), "{errors:?}");
    page.click("#move");
    page.wait_for_text("Connect with Microsoft");
    assert_eq!(page.url(), site.url("/sent"));
}

#[test]
fn the_content_security_policy_is_enforced_and_violations_are_reported() {
    let site = Site::start();
    let page = page(&site, "/policy");
    assert_eq!(page.scripts(), [""; 0]);
    let errors = page.console_errors();
    assert!(errors.iter().any(|error| error.contains("script-src 'none'")), "{errors:?}");
    assert_eq!(page.header("content-security-policy").as_deref(), Some("script-src 'none'"));
    assert_eq!(page.eval("typeof ran"), json!("undefined"));
    assert_eq!(page.eval("1 + 1"), json!(2));
}

#[test]
fn requests_to_other_hosts_are_reported_also_from_a_frame() {
    let site = Site::start();
    let page = page(&site, "/leaving");
    assert_eq!(page.frame_texts(), ["in a frame", "in another process"]);
    let mut leaving = page.external_requests();
    leaving.sort();
    let wanted = ["elsewhere.js", "frame.png", "page.png"].map(|name| format!("http://example.com/{name}"));
    assert_eq!(leaving, wanted);
    assert_eq!(page.scripts(), [site.url_by_number("/elsewhere")]);
    assert!(page.requests().contains(&site.url("/leaving")), "{:?}", page.requests());
    // An address is refused like a name, although it would be reachable here.
    page.eval("fetch('http://127.0.0.2/', {mode: 'no-cors'}).catch(() => 0)");
    let errors = page.console_errors();
    let count = |what: &str| errors.iter().filter(|error| error.contains(what)).count();
    assert_eq!((count("ERR_NAME_NOT_RESOLVED"), count("Blocked script execution")), (4, 1), "{errors:?}");
}

#[test]
fn a_page_can_be_used_without_scripts() {
    let site = Site::start();
    let page = Chromium::shared().page();
    page.scripts_off();
    page.go(&site.url("/scripts"));
    assert_eq!(page.eval("typeof answers"), json!("undefined"));
    assert_eq!(page.scripts(), [""; 0]);
    page.wait_for_text("no scripts");
    page.go(&site.url("/form"));
    assert_eq!(page.axe(), [""; 0]);
    page.fill("#user", "anna");
    page.choose("#lot", "2");
    page.check("#yes");
    page.click_text("Send");
    assert!(page.text().starts_with("user=anna none= day= lot=2 yes=on\n"), "{}", page.text());
}

#[test]
fn the_bytes_of_a_page_are_counted_from_its_opening() {
    let site = Site::start();
    let page = page(&site, "/large");
    let large = page.transferred();
    assert!((100_000..101_000).contains(&large), "{large}");
    page.go(&site.url("/form"));
    assert!((100..5_000).contains(&page.transferred()), "{}", page.transferred());
}

#[test]
fn cookies_have_their_flags_and_belong_to_one_browser_context() {
    let site = Site::start();
    let one = page(&site, "/cookies");
    let cookie = |name: &str| one.cookies().into_iter().find(|cookie| cookie.name == name);
    let plain = Cookie {
        name: "plain".to_owned(),
        value: "1".to_owned(),
        domain: "localhost".to_owned(),
        path: "/".to_owned(),
        secure: false,
        http_only: true,
        same_site: "Lax".to_owned(),
        session: true,
    };
    assert_eq!(cookie("plain"), Some(plain));
    assert_eq!(one.header("set-cookie").unwrap().lines().count(), 2);
    one.set_cookie("__Host-ours", "2");
    one.go(&site.url("/asked"));
    assert!(one.text().contains("Cookie: plain=1; __Host-safe=1; __Host-ours=2\n"), "{}", one.text());
    let two = page(&site, "/asked");
    assert!(!two.text().contains("Cookie:"), "{}", two.text());

    // A browser treats this machine as a secure origin, like HTTPS.
    for url in [site.url("/cookies"), site.url_by_number("/cookies")] {
        let page = Chromium::shared().page();
        page.go(&url);
        let safe = page.cookies().into_iter().find(|cookie| cookie.name == "__Host-safe").unwrap();
        assert!(safe.secure && safe.http_only && safe.same_site == "Strict", "{safe:?}");
        page.go(&url.replace("/cookies", "/asked"));
        assert!(page.text().contains("Cookie: plain=1; __Host-safe=1\n"), "{}", page.text());
    }
}

#[test]
fn a_page_is_requested_in_the_configured_language() {
    let site = Site::start();
    let browser = Chromium::start_with("sv");
    let page = browser.page();
    page.go(&site.url("/asked"));
    assert!(page.text().contains("Accept-Language: sv\n"), "{}", page.text());
    assert_eq!(page.eval("navigator.language"), json!("sv"));
    let english = browser.page_in("en");
    english.go(&site.url("/asked"));
    assert!(english.text().contains("Accept-Language: en\n"), "{}", english.text());
}

#[test]
fn a_page_can_be_shown_on_a_small_screen_in_dark_mode() {
    let site = Site::start();
    let page = page(&site, "/colours");
    let background = |page: &Page| page.eval("getComputedStyle(document.body).backgroundColor");
    page.dark(false);
    assert_eq!(background(&page), json!("rgb(255, 255, 255)"));
    page.dark(true);
    assert_eq!(background(&page), json!("rgb(0, 0, 0)"));
    page.viewport(390, 844, true);
    page.reload();
    assert_eq!(page.eval("[innerWidth, matchMedia('(hover: none)').matches]"), json!([390, true]));
    let picture = fs::read(page.screenshot("kit-colours")).unwrap();
    let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((&picture[1..4], size(16), size(20)), (b"PNG".as_slice(), 390, 2000));
}

#[test]
fn axe_finds_accessibility_errors_despite_the_content_security_policy() {
    let site = Site::start();
    let faulty = page(&site, "/policy").axe();
    let has = |rule: &str, place: &str| {
        faulty.iter().any(|one| one.starts_with(&format!("critical: {rule}: ")) && one.ends_with(place))
    };
    assert!(has("image-alt", ": img") && has("label", ": input"), "{faulty:?}");
    let good = page(&site, "/form");
    assert_eq!(good.axe(), [""; 0]);
    assert_eq!(good.scripts(), [""; 0], "axe does not count as a script of the page");
}
