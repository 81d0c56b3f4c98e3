//! `mailbox check` finds the cause of an answer of Exchange that can have several causes.

use serde_json::{Value, json};

use super::{connect_mailbox, installation};
use crate::support::{
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    identity_provider::IdentityProvider,
    mailferry::Mailferry,
    scripted::Scripted,
};

const GREETING: &str = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready";

/// The login as jobb@lillestad.se, recognised by the base64 of `user=jobb@li`, with which the initial response begins.
const AS_JOBB: &str = "TAG AUTHENTICATE XOAUTH2 dXNlcj1qb2JiQGxp*";

const REFUSED: &str = "S: TAG NO AUTHENTICATE failed.";
const NOT_CONNECTED: &str = "S: TAG BAD User is authenticated but not connected.";

/// The answers of Exchange if this login succeeds but is not connected to a mailbox.
fn not_connected(login: &str) -> String {
    format!(
        "WHEN: {login}\nS: TAG OK AUTHENTICATE completed.\n\nWHEN: TAG LIST *\n{NOT_CONNECTED}\n\nWHEN: TAG EXAMINE *\n{NOT_CONNECTED}\n\n"
    )
}

fn refused(login: &str) -> String {
    format!("WHEN: {login}\n{REFUSED}\n\n")
}

struct Case {
    provider: IdentityProvider,
    mailferry: Mailferry,
    _server: Scripted,
}

/// A mailbox on a server that plays these sessions; the last is repeated.
fn start_case(sessions: &[String], provider: IdentityProvider, more: &[&str]) -> Case {
    let sessions: Vec<String> = sessions.iter().map(|session| format!("{GREETING}\nORDINARY\n{session}")).collect();
    let server = Scripted::start(&sessions.iter().map(String::as_str).collect::<Vec<_>>());
    let config = provider.provider("contoso")
        + "family = \"microsoft\"\ntenant = \"organizations\"\napp_only_role = \"IMAP.AccessAsApp\"\naudiences = [\"https://outlook.office.com\"]\n";
    let mailferry =
        installation(&config.replace("\"mail\"]\napp", "\"https://outlook.office.com/IMAP.AccessAsUser.All\"]\napp"));
    mailferry.add_mailbox_by_token(JOBB, JOBB_INBOX, "contoso", &server.options("none"), more);
    if !more.contains(&"--app-only") {
        connect_mailbox(&mailferry, JOBB);
    }
    Case { provider, mailferry, _server: server }
}

/// The last line of a check, which has the cause, its sentence and its remedy.
fn diagnosis(mailferry: &Mailferry, about: &str) -> Value {
    let output = mailferry.run(&["--json", "mailbox", "check", JOBB]);
    assert_eq!(output.code, 1, "{about}: {}", output.all());
    let last = output.json().pop().unwrap();
    assert_eq!(text(&last, "step"), "diagnosis", "{about}: {}", output.all());
    last
}

#[test]
fn the_diagnosis_of_a_delegated_mailbox_finds_one_cause() {
    let shared = ["--login-identity", "anna@lillestad.se"];
    // The answers to the logins of one check, which logs in as usual, then in the same way again, and last with the login
    // name of the person who consented.
    let (unconnected, no) = (not_connected("TAG AUTHENTICATE *"), refused("TAG AUTHENTICATE *"));
    let well = String::new;
    let twice = |last: String| vec![unconnected.clone(), unconnected.clone(), last];
    // A token that is refused is renewed before a cause is named.
    let thrice = |last: String| vec![no.clone(), no.clone(), no.clone(), last];
    let imap_on = "Set-CASMailbox -Identity 'jobb@lillestad.se' -ImapEnabled $true";
    let access =
        "Add-MailboxPermission -Identity 'jobb@lillestad.se' -User 'anna@lillestad.se' -AccessRights FullAccess";
    for (sessions, more, cause, remedy) in [
        (vec![unconnected.clone()], &[][..], "mailbox-imap-off", imap_on),
        (vec![no.clone()], &[][..], "mailbox-token-refused", "mailferry oauth connect jobb@lillestad.se"),
        (vec![unconnected.clone(), well()], &[][..], "server-unwell", "schedule.per_host"),
        (twice(well()), &shared[..], "mailbox-delegate-permission-missing", access),
        (thrice(well()), &shared[..], "mailbox-delegate-permission-missing", access),
        (twice(unconnected.clone()), &shared[..], "mailbox-imap-off", imap_on),
        (thrice(no.clone()), &shared[..], "mailbox-token-refused", "oauth connect"),
    ] {
        let provider = IdentityProvider::start(if more.is_empty() { JOBB } else { "anna@lillestad.se" });
        let about = format!("{cause} {more:?}");

        let case = start_case(&sessions, provider, more);
        let diagnosed = diagnosis(&case.mailferry, &about);
        assert_eq!(text(&diagnosed, "cause"), cause, "{about}: {diagnosed}");
        assert!(text(&diagnosed, "remedy").contains(remedy), "{about}: {diagnosed}");
    }
}

#[test]
fn the_diagnosis_of_app_only_access_finds_one_cause_and_fills_in_the_ids() {
    let claims = json!({"aud": "https://outlook.office.com", "roles": ["IMAP.AccessAsApp"], "oid": "11111111-aaaa", "appid": "mailferry"});
    for (sessions, with_sibling, cause, remedy) in [
        (
            refused("TAG AUTHENTICATE *"),
            false,
            "mailbox-service-principal-missing",
            "New-ServicePrincipal -AppId 'mailferry' -ObjectId '11111111-aaaa'",
        ),
        (
            not_connected(AS_JOBB),
            false,
            "mailbox-app-permission-missing",
            "-User '11111111-aaaa' -AccessRights FullAccess",
        ),
        (
            refused(AS_JOBB),
            true,
            "mailbox-app-permission-missing",
            "Add-MailboxPermission -Identity 'jobb@lillestad.se'",
        ),
        (not_connected(AS_JOBB), true, "mailbox-app-permission-missing", "Add-MailboxPermission"),
    ] {
        let provider = IdentityProvider::start(JOBB);
        provider.set_access_token_claims(claims.clone());
        let case = start_case(&[sessions], provider, &["--app-only"]);
        if with_sibling {
            let options = case._server.options("none");
            case.mailferry.add_mailbox_by_token(ANSOKAN, JOBB_INBOX, "contoso", &options, &["--app-only"]);
            case.mailferry.sql("UPDATE mailbox SET last_success_at = 1 WHERE address LIKE 'ansokan%'");
        }
        let diagnosed = diagnosis(&case.mailferry, cause);
        assert_eq!(text(&diagnosed, "cause"), cause, "{diagnosed}");
        assert!(text(&diagnosed, "remedy").contains(remedy), "{diagnosed}");
    }
}

#[test]
fn an_unusable_token_is_reported_before_the_login() {
    for (claims, more, cause, sentence) in [
        (
            json!({"aud": "https://graph.microsoft.com", "scp": "IMAP.AccessAsUser.All"}),
            &[][..],
            "mailbox-audience-wrong",
            "https://graph.microsoft.com",
        ),
        (
            json!({"aud": "https://outlook.office.com", "scp": "Mail.Read"}),
            &[][..],
            "mailbox-token-scope-missing",
            "IMAP.AccessAsUser.All",
        ),
        (
            json!({"aud": "https://outlook.office.com", "roles": ["POP.AccessAsApp"]}),
            &["--app-only"][..],
            "mailbox-role-missing",
            "IMAP.AccessAsApp",
        ),
    ] {
        let provider = IdentityProvider::start(JOBB);
        provider.set_access_token_claims(claims);
        let case = start_case(&[String::new()], provider, more);
        let diagnosed = diagnosis(&case.mailferry, cause);
        assert_eq!(text(&diagnosed, "cause"), cause, "{diagnosed}");
        assert!(text(&diagnosed, "detail").contains(sentence), "{diagnosed}");
    }
}

#[test]
fn an_expired_consent_is_diagnosed_in_both_languages() {
    use crate::support::identity_provider::{Endpoint, Misbehaviour};
    let provider = IdentityProvider::start(JOBB);
    provider.set_lifetime(0);
    let case = start_case(&[String::new()], provider, &[]);
    case.provider.misbehave(Endpoint::Token, vec![Misbehaviour::Error("invalid_grant", "AADSTS700082: inactive")]);
    let output = case.mailferry.run(&["--lang", "sv", "mailbox", "check", JOBB]);
    assert_eq!(output.code, 1);
    assert!(
        output.text().contains("Medgivandet har upphört, eftersom det inte har använts på länge (AADSTS700082)."),
        "{}",
        output.all()
    );
    assert!(output.text().contains("Kör: mailferry oauth connect jobb@lillestad.se"), "{}", output.all());
}
