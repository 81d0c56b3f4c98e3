//! The first run, signing in, invitations, and who may do what.

use super::{PASSWORD, Site, assert_no_violations, sign_in};
use crate::support::{chromium::Chromium, facts::text, mailferry::Mailferry, oauth_server::OAuthServer};

#[test]
fn the_first_account_is_created_through_a_link_that_works_once() {
    let mailferry = Mailferry::new();
    let serve = mailferry.serve();
    let output = serve.output();
    let link = output.split_whitespace().find(|word| word.starts_with("http://localhost:")).expect("a link").to_owned();
    assert!(!output.lines().any(|line| line.contains("INFO") && line.contains("/setup/")), "not in the log: {output}");
    let page = Chromium::shared().page_in("sv");
    page.go(&link);
    page.wait_for_text("Välkommen till Mailferry");
    page.fill("#name", "Anna@Kundo.se");
    page.fill("#password", "kort");
    page.fill("#again", "kort");
    // The browser requires a longer password; if the browser's check is bypassed, the server requires it.
    page.eval("document.querySelector('form.card').noValidate = true");
    page.click("form.card button");
    page.wait_for_text("minst 8 tecken");
    page.fill("#password", PASSWORD);
    page.fill("#again", PASSWORD);
    page.click("form.card button");
    page.wait_for_text("Här blir det mejl");
    assert_eq!(page.url(), format!("http://localhost:{}/", serve.port));
    let cookies = page.cookies();
    let session = cookies.iter().find(|cookie| cookie.name == "__Host-mailferry").expect("a session");
    assert!(session.secure && session.http_only && session.same_site == "Lax" && session.path == "/", "{session:?}");
    assert_no_violations(&page);
    let later = Chromium::shared().page_in("en");
    later.go(&link);
    later.wait_for_text("This link is no longer valid");
    assert_eq!(text(&mailferry.json(&["user", "list"])[0], "name"), "anna@kundo.se");
}

#[test]
fn a_wrong_password_is_reported_and_signing_out_ends_the_session() {
    let site = Site::new();
    let page = site.guest("en");
    sign_in(&page, "anna", "wrong password");
    page.wait_for_text("The name or password is wrong.");
    sign_in(&page, "nobody", "wrong password");
    page.wait_for_text("The name or password is wrong.");
    sign_in(&page, "ANNA", PASSWORD);
    page.wait_for_text("No mailboxes connected yet");
    let key = page.cookies().iter().find(|cookie| cookie.name == "__Host-mailferry").unwrap().value.clone();
    page.click_text("Sign out");
    page.wait_for_text("Sign in");
    // The cookie of the session that was ended no longer works.
    page.set_cookie("__Host-mailferry", &key);
    page.go(&site.url("/"));
    assert!(page.url().contains("/login"), "{}", page.url());
    // After the login, the page that was requested opens.
    page.go(&site.url("/audit"));
    sign_in(&page, "anna", PASSWORD);
    assert_eq!(page.url(), site.url("/audit"));
}

#[test]
fn an_invited_admin_sees_one_organisation_and_a_viewer_cannot_change_anything() {
    let site = Site::new();
    let page = site.page();
    page.go(&site.url("/people"));
    page.check("input[value=admin]");
    page.fill("#organisation", "lillestad");
    page.click_text("Create invitation");
    let link = page.eval("document.getElementById('link').textContent").as_str().unwrap().trim().to_owned();
    let guest = Chromium::shared().page_in("sv");
    guest.go(&link);
    guest.fill("#name", "bo");
    guest.fill("#password", PASSWORD);
    guest.fill("#again", PASSWORD);
    guest.click("form.card button");
    guest.wait_for_text("Här blir det mejl");
    site.mailferry.ok(&["inbox", "add", "theirs@mail.kundo.se"]);
    site.mailferry.ok(&["inbox", "add", "ours@mail.kundo.se", "--organisation", "lillestad"]);
    guest.go(&site.url("/inboxes"));
    guest.wait_for_text("ours@mail.kundo.se");
    assert!(!guest.text().contains("theirs@mail.kundo.se"));
    guest.go(&site.url("/inboxes/theirs%40mail.kundo.se"));
    assert_eq!(guest.status(), 404);
    site.mailferry.ok_with_input(
        &["user", "add", "eva", "--role", "viewer", "--organisation", "lillestad", "--password-stdin"],
        PASSWORD,
    );
    let viewer = site.page_of("eva", "sv");
    viewer.go(&site.url("/inboxes"));
    assert!(viewer.text().contains("ours@mail.kundo.se") && !viewer.has("main form"), "{}", viewer.text());
    viewer.go(&site.url("/connect"));
    assert_eq!(viewer.status(), 403);
}

#[test]
fn the_login_limit_holds_against_ten_thousand_requests_and_survives_a_restart() {
    let mut site = Site::new();
    let tries = |site: &Site, count: usize, name: &str| {
        let body = format!("name={name}&password=guess");
        let wanted = "The name or password is wrong.";
        let heard = |answer: Option<String>| answer.is_some_and(|answer| answer.contains(wanted));
        (0..count).filter(|_| heard(site.serve.post_form("/login", &body))).count()
    };
    // One client address tries to sign in to one account several times, and then to many accounts.
    let one = tries(&site, 5_000, "anna");
    let many: usize = (0..5_000).map(|n| tries(&site, 1, &format!("name{n}"))).sum();
    assert!(one <= 11 && one + many <= 32, "{one} and {many} attempts were allowed");
    site.serve.sigterm();
    site.serve.wait();
    site.serve = site.mailferry.serve();
    assert_eq!(tries(&site, 50, "anna"), 0);
    let page = site.guest("en");
    sign_in(&page, "anna", PASSWORD);
    page.wait_for_text("Too many attempts");
}

#[test]
fn single_sign_on_admits_only_people_with_an_account() {
    let provider = OAuthServer::start();
    let mut mailferry = Mailferry::new();
    mailferry.configure(&format!(
        "[sso]\nissuer = \"{}\"\nname = \"Contoso\"\nclient_id = \"mailferry\"\nclient_secret = \"s3cret\"\nclaim = \"sub\"\n\
         allow_http_loopback = true\n",
        provider.base()
    ));
    let site = Site::with_installation(mailferry);
    let sign_on = |name: &str| {
        let page = site.guest("en");
        page.click_text("Sign in with Contoso");
        page.fill("input[name=username]", name);
        page.key("Enter");
        page
    };
    let page = sign_on("Anna");
    page.wait_for_text("No mailboxes connected yet");
    assert_eq!(page.url(), site.url("/"));
    let stranger = sign_on("mallory");
    stranger.wait_for_text("mallory has no account here");
    // A redirect without a pending sign-in, such as one that was used already, signs nobody in.
    stranger.go(&site.url("/sso/callback?state=x&code=y"));
    stranger.wait_for_text("failed. Try again.");
    assert!(site.serve.output().contains("no sign-in is pending for this answer"));
}
