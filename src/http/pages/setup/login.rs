//! The step of the login: a provider's consent, a password, or a link by which the customer gives either.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use serde::Deserialize;

use super::{after, change};
use crate::app::links;
use crate::app::mailboxes::credential_policy;
use crate::app::mailboxes::settings::given_password;
use crate::http::State;
use crate::http::page::answer::{Answer, go, show, show_again};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::SignedIn;
use crate::http::pages::login_form::{mail_password, registered};
use crate::http::pages::mailbox::seen;
use crate::store::{GrantKind, Login, Mailbox};

#[derive(Template)]
#[template(path = "setup_login.html")]
struct Page {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    registered: Vec<String>,
    /// The registered provider that this server is.
    usual: Option<String>,
    /// The server takes no passwords, and no application is registered.
    is_unregistered: bool,
    is_connected: bool,
    problem: Option<String>,
    error: Option<LastError>,
    link: Option<String>,
}

impl Page {
    /// Whether this provider is the one to be proposed.
    fn is_usual(&self, name: &str) -> bool {
        self.usual.as_deref() == Some(name)
    }
}

/// Who is to consent at this provider in the mailbox's place, as a member of a shared one; empty: nobody.
pub fn member<'a>(mailbox: &'a Mailbox, provider: &str) -> &'a str {
    match &mailbox.login {
        Login::OAuth { key, .. }
            if key.kind == GrantKind::Delegated && key.provider == provider && key.identity != mailbox.address =>
        {
            &key.identity
        }
        _ => "",
    }
}

fn made(mailbox: Mailbox, state: &State, who: &SignedIn) -> Page {
    let (oauth, host) = (&state.deps.oauth, &mailbox.server.host);
    let usual = oauth.registered_for_host(host).map(str::to_owned);
    let mut of_host = oauth.providers.values().filter(|app| app.imap_host.eq_ignore_ascii_case(host));
    let is_microsoft = of_host.any(|app| app.family() == "microsoft");
    Page {
        f: Frame::new(&who.reader, "mailboxes"),
        step: "login",
        registered: registered(state),
        is_unregistered: usual.is_none() && is_microsoft,
        is_connected: match &mailbox.login {
            Login::Password(sealed) => sealed.is_some(),
            Login::OAuth { .. } => true,
        },
        usual,
        mailbox,
        problem: None,
        error: None,
        link: None,
    }
}

/// The page.
pub async fn page(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    show(&made(seen(&address, &state, &who).await?, &state, &who))
}

/// The page again, since the login went wrong.
pub fn wrong(mailbox: Mailbox, error: LastError, state: &State, who: &SignedIn) -> Answer {
    show_again(&Page { error: Some(error), ..made(mailbox, state, who) })
}

/// The page again, with a sentence about what went wrong at the provider.
pub fn refused(mailbox: Mailbox, problem: String, state: &State, who: &SignedIn) -> Answer {
    show_again(&Page { problem: Some(problem), ..made(mailbox, state, who) })
}

#[derive(Deserialize)]
pub struct Given {
    /// The server that was shown.
    #[serde(default)]
    server: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    link: String,
}

/// Takes a password, or makes a link.
pub async fn password(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(given): Form<Given>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    if !given.link.is_empty() {
        let made_link = links::make(state.acting(&who.actor), &mailbox).await?;
        let link = Some(state.page.link(&format!("/customer/{}", made_link.key)));
        return show(&Page { link, ..made(mailbox, &state, &who) });
    }
    let password = match mail_password(&given.password) {
        Ok(_) if given.server != credential_policy::shown(&mailbox) => Err("customer-server-changed"),
        password => password,
    };
    let password = match password {
        Ok(password) => password,
        Err(name) => {
            let problem = Some(who.reader.words.t(name));
            return show_again(&Page { problem, ..made(mailbox, &state, &who) });
        }
    };
    change(&mailbox, given_password(&mailbox, password), &state, &who).await?;
    go(&after("login", &mailbox))
}
