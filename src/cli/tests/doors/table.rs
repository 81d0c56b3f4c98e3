//! The use cases that more than one door offers, in an order in which each finds the rows that it needs.

/// A use case, as each door offers it.
pub struct UseCase {
    pub name: &'static str,
    pub command: Option<&'static str>,
    pub api: fn() -> Option<Api>,
    pub page: fn() -> Option<Page>,
    /// The audit lines that the use case writes: action, target, detail.
    pub audit: &'static [(&'static str, &'static str, &'static str)],
}

/// A request to the API.
pub struct Api {
    pub method: &'static str,
    pub path: &'static str,
    pub body: Option<String>,
}

/// The submission of a form on a page.
pub struct Page {
    pub path: &'static str,
    pub form: &'static [(&'static str, &'static str)],
}

fn api(method: &'static str, path: &'static str, body: &str) -> Option<Api> {
    let body = (!body.is_empty()).then(|| body.to_owned());
    Some(Api { method, path, body })
}

fn page(path: &'static str, form: &'static [(&'static str, &'static str)]) -> Option<Page> {
    Some(Page { path, form })
}

/// The request of a door that does not offer the use case.
fn not_offered<T>() -> Option<T> {
    None
}

const MAILBOX: &str = "jobb@lillestad.se";

pub const USE_CASES: &[UseCase] = &[
    UseCase {
        name: "an inbox is added",
        command: Some("mailferry inbox add info@mail.kundo.se --name Info --reply-from info@lillestad.se"),
        api: || {
            api(
                "POST",
                "/inboxes",
                r#"{"address":"info@mail.kundo.se","name":"Info","reply_from":"info@lillestad.se"}"#,
            )
        },
        page: || {
            page(
                "/inboxes",
                &[("address", "info@mail.kundo.se"), ("name", "Info"), ("reply_from", "info@lillestad.se")],
            )
        },
        audit: &[("inbox-added", "info@mail.kundo.se", "")],
    },
    UseCase {
        name: "an inbox is changed",
        command: None,
        api: || api("PATCH", "/inboxes/info@mail.kundo.se", r#"{"name":"Infon","reply_from":null}"#),
        page: || page("/inboxes/info%40mail.kundo.se", &[("name", "Infon"), ("reply_from", "")]),
        audit: &[("inbox-changed", "info@mail.kundo.se", "")],
    },
    UseCase {
        name: "a route is added",
        command: Some("mailferry route add --recipient x@lillestad.se --inbox info@mail.kundo.se"),
        api: || api("POST", "/routes", r#"{"recipient":"x@lillestad.se","inbox":"info@mail.kundo.se"}"#),
        page: || page("/inboxes/info%40mail.kundo.se/routes", &[("recipient", "x@lillestad.se")]),
        audit: &[("route-added", "info@mail.kundo.se", "x@lillestad.se")],
    },
    UseCase {
        name: "a route is removed",
        command: Some("mailferry route remove --recipient x@lillestad.se --inbox info@mail.kundo.se"),
        api: || api("DELETE", "/routes/x@lillestad.se/info@mail.kundo.se", ""),
        page: || page("/inboxes/info%40mail.kundo.se/routes/remove", &[("recipient", "x@lillestad.se")]),
        audit: &[("route-removed", "info@mail.kundo.se", "x@lillestad.se")],
    },
    UseCase {
        name: "a delivery target is added",
        command: Some(
            "mailferry inbox deliver info@mail.kundo.se --smtp smtp://mx.kundo.example:587 --username relay --secret-file {password}",
        ),
        api: || {
            api(
                "POST",
                "/inboxes/info@mail.kundo.se/targets",
                r#"{"url":"smtp://mx.kundo.example:587","username":"relay","secret":"nytt hemligt"}"#,
            )
        },
        page: || {
            page(
                "/inboxes/info%40mail.kundo.se/targets",
                &[
                    ("url", "smtp://mx.kundo.example:587"),
                    ("username", "relay"),
                    ("secret", "nytt hemligt"),
                    ("concurrency", "1"),
                    ("when_unknown", "repeat"),
                ],
            )
        },
        audit: &[("target-added", "info@mail.kundo.se", "smtp://mx.kundo.example:587")],
    },
    UseCase {
        name: "a delivery target is changed",
        command: Some(
            "mailferry inbox delivery set 1 --concurrency 3 --when-unknown hold --repair-line-ends --to jobb@mail.kundo.se --look-in imaps://mail.kundo.se --look-username jobb --look-password-file {password}",
        ),
        api: || {
            api(
                "PATCH",
                "/targets/1",
                r#"{"concurrency":3,"when_unknown":"hold","repair_line_ends":true,"recipient":"jobb@mail.kundo.se",
                    "look_in":"imaps://mail.kundo.se","look_username":"jobb","look_password":"nytt hemligt"}"#,
            )
        },
        page: || {
            page(
                "/targets/1",
                &[
                    ("url", "smtp://mx.kundo.example:587"),
                    ("username", "relay"),
                    ("recipient", "jobb@mail.kundo.se"),
                    ("concurrency", "3"),
                    ("look_in", "imaps://mail.kundo.se"),
                    ("look_username", "jobb"),
                    ("look_password", "nytt hemligt"),
                    ("when_unknown", "hold"),
                    ("repair_line_ends", "1"),
                ],
            )
        },
        audit: &[("target-changed", "info@mail.kundo.se", "smtp://mx.kundo.example:587, with a new secret")],
    },
    UseCase {
        name: "a delivery target is paused",
        command: Some("mailferry inbox delivery pause 1"),
        api: || api("POST", "/targets/1/pause", ""),
        page: || page("/targets/1/pause", &[]),
        audit: &[("target-paused", "info@mail.kundo.se", "smtp://mx.kundo.example:587")],
    },
    UseCase {
        name: "a delivery target is resumed",
        command: Some("mailferry inbox delivery resume 1"),
        api: || api("POST", "/targets/1/resume", ""),
        page: || page("/targets/1/resume", &[]),
        audit: &[("target-resumed", "info@mail.kundo.se", "smtp://mx.kundo.example:587")],
    },
    UseCase {
        name: "all held deliveries of a target are sent again",
        command: Some("mailferry delivery retry --all-held-of 1"),
        api: || api("POST", "/targets/1/retry-held", ""),
        page: || page("/targets/1/retry-held", &[]),
        audit: &[("held-retried", "info@mail.kundo.se", "0")],
    },
    UseCase {
        name: "all held deliveries of a target are dropped",
        command: Some("mailferry delivery drop --all-held-of 1"),
        api: || api("POST", "/targets/1/drop-held", ""),
        page: || page("/targets/1/drop-held", &[]),
        audit: &[("held-dropped", "info@mail.kundo.se", "0")],
    },
    UseCase {
        name: "a delivery target is removed",
        command: Some("mailferry inbox delivery remove 1"),
        api: || api("DELETE", "/targets/1", ""),
        page: || page("/targets/1/remove", &[]),
        audit: &[("target-removed", "info@mail.kundo.se", "smtp://mx.kundo.example:587")],
    },
    UseCase {
        name: "a delivery target is the mail servers of the domain",
        command: Some("mailferry inbox deliver info@mail.kundo.se --mx"),
        api: || api("POST", "/inboxes/info@mail.kundo.se/targets", r#"{"url":"mx:"}"#),
        page: || {
            page(
                "/inboxes/info%40mail.kundo.se/targets",
                &[("url", "mx:"), ("concurrency", "1"), ("when_unknown", "repeat")],
            )
        },
        audit: &[("target-added", "info@mail.kundo.se", "mx:")],
    },
    UseCase {
        name: "an inbox is removed",
        command: Some("mailferry inbox remove info@mail.kundo.se"),
        api: || api("DELETE", "/inboxes/info@mail.kundo.se", ""),
        page: not_offered,
        audit: &[("inbox-removed", "info@mail.kundo.se", "")],
    },
    UseCase {
        name: "a mailbox is added",
        command: Some(
            "mailferry mailbox add info@lillestad.se --inbox jobb.lillestad.se@mail.kundo.se --host imap.lillestad.se \
             --password-file {password}",
        ),
        api: || {
            api(
                "POST",
                "/mailboxes",
                r#"{"address":"info@lillestad.se","inbox":"jobb.lillestad.se@mail.kundo.se","host":"imap.lillestad.se",
                    "password":"nytt hemligt"}"#,
            )
        },
        page: not_offered,
        audit: &[("mailbox-added", "info@lillestad.se", "")],
    },
    UseCase {
        name: "a mailbox is removed",
        command: Some("mailferry mailbox remove info@lillestad.se"),
        api: || api("DELETE", "/mailboxes/info@lillestad.se", ""),
        page: || page("/mailboxes/info%40lillestad.se/remove", &[("address", "info@lillestad.se")]),
        audit: &[("mailbox-removed", "info@lillestad.se", "")],
    },
    UseCase {
        name: "a mailbox is paused",
        command: Some("mailferry mailbox pause jobb@lillestad.se"),
        api: || api("POST", "/mailboxes/jobb@lillestad.se/pause", ""),
        page: || page("/mailboxes/jobb%40lillestad.se/pause", &[]),
        audit: &[("mailbox-paused", MAILBOX, "")],
    },
    UseCase {
        name: "a paused mailbox is paused once more",
        command: Some("mailferry mailbox pause jobb@lillestad.se"),
        api: || api("POST", "/mailboxes/jobb@lillestad.se/pause", ""),
        page: || page("/mailboxes/jobb%40lillestad.se/pause", &[]),
        audit: &[],
    },
    UseCase {
        name: "a mailbox is resumed",
        command: Some("mailferry mailbox resume jobb@lillestad.se"),
        api: || api("POST", "/mailboxes/jobb@lillestad.se/resume", ""),
        page: || page("/mailboxes/jobb%40lillestad.se/resume", &[]),
        audit: &[("mailbox-resumed", MAILBOX, "")],
    },
    UseCase {
        name: "a mailbox gets another start",
        command: Some("mailferry mailbox set jobb@lillestad.se --start 2026-01-02"),
        api: || api("PATCH", "/mailboxes/jobb@lillestad.se", r#"{"start":"2026-01-02"}"#),
        page: || page("/mailboxes/jobb%40lillestad.se/setup/start", &[("start", "date"), ("date", "2026-01-02")]),
        audit: &[("mailbox-changed", MAILBOX, "the start")],
    },
    UseCase {
        name: "the after-import action is changed",
        command: Some("mailferry mailbox set jobb@lillestad.se --after-import move:Klart"),
        api: || api("PATCH", "/mailboxes/jobb@lillestad.se", r#"{"after_import":"move:Klart"}"#),
        page: || page("/mailboxes/jobb%40lillestad.se/setup/copy", &[("copy", "move"), ("folder", "Klart")]),
        audit: &[("mailbox-changed", MAILBOX, "the customer's copy")],
    },
    UseCase {
        name: "other folders are polled",
        command: Some("mailferry mailbox set jobb@lillestad.se --folder INBOX --folder Viktigt"),
        api: || api("PATCH", "/mailboxes/jobb@lillestad.se", r#"{"folders":["INBOX","Viktigt"]}"#),
        page: || page("/mailboxes/jobb%40lillestad.se/setup/folders", &[("folder", "INBOX"), ("folder", "Viktigt")]),
        audit: &[("mailbox-changed", MAILBOX, "the folders")],
    },
    UseCase {
        name: "a mailbox gets another interval and a larger limit",
        command: Some("mailferry mailbox set jobb@lillestad.se --interval 5min --max-size 60MB"),
        api: || api("PATCH", "/mailboxes/jobb@lillestad.se", r#"{"interval":"5min","max_size":60000000}"#),
        page: not_offered,
        audit: &[("mailbox-changed", MAILBOX, "the interval, the maximum mail size")],
    },
    UseCase {
        name: "quarantined mail is retried",
        command: Some("mailferry ledger retry --mailbox jobb@lillestad.se"),
        api: || api("POST", "/mailboxes/jobb@lillestad.se/ledger/retry", ""),
        page: not_offered,
        audit: &[("ledger-retried", MAILBOX, "")],
    },
    UseCase {
        name: "a mail is skipped",
        command: Some("mailferry ledger skip --mailbox jobb@lillestad.se --folder INBOX --uid 8"),
        api: || api("POST", "/mailboxes/jobb@lillestad.se/ledger/skip", r#"{"uid":8,"folder":"INBOX"}"#),
        page: || page("/mailboxes/jobb%40lillestad.se/skip", &[("folder", "INBOX"), ("uid", "8")]),
        audit: &[("ledger-skipped", MAILBOX, "INBOX UID 8")],
    },
    UseCase {
        name: "a mailbox gets another password",
        command: Some("mailferry mailbox set jobb@lillestad.se --password-file {password}"),
        api: || api("PATCH", "/mailboxes/jobb@lillestad.se", r#"{"password":"nytt hemligt"}"#),
        page: || {
            page(
                "/mailboxes/jobb%40lillestad.se/password",
                &[("server", "127.0.0.1:1 implicit jobb@lillestad.se"), ("password", "nytt hemligt")],
            )
        },
        audit: &[("credentials-changed", MAILBOX, "")],
    },
    UseCase {
        name: "a mailbox is polled soon",
        command: None,
        api: || api("POST", "/mailboxes/jobb@lillestad.se/poll", ""),
        page: || page("/mailboxes/jobb%40lillestad.se/poll", &[]),
        audit: &[],
    },
    UseCase {
        name: "a connect link is created",
        command: None,
        api: || api("POST", "/mailboxes/jobb@lillestad.se/connect-links", ""),
        page: || page("/mailboxes/jobb%40lillestad.se/link", &[]),
        audit: &[("link-made", MAILBOX, "")],
    },
    UseCase {
        name: "a token is created",
        command: Some("mailferry token create --name import --scope read"),
        api: || api("POST", "/tokens", r#"{"name":"import","scope":"read"}"#),
        page: || page("/settings/tokens", &[("name", "import"), ("scope", "read")]),
        audit: &[("token-created", "import", "read")],
    },
    UseCase {
        name: "a token is revoked",
        command: Some("mailferry token revoke spare"),
        api: || api("DELETE", "/tokens/spare", ""),
        page: || page("/settings/tokens/revoke", &[("name", "spare")]),
        audit: &[("token-revoked", "spare", "")],
    },
    UseCase {
        name: "a user is removed",
        command: Some("mailferry user remove anna"),
        api: || api("DELETE", "/users/anna", ""),
        page: || page("/people/remove", &[("name", "anna")]),
        audit: &[("person-removed", "anna", "")],
    },
];
