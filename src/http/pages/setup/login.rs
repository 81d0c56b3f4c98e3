//! The login step: a provider's consent, a password, or a link for the customer.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use serde::Deserialize;

use super::{after, change};
use crate::app::links;
use crate::app::mailboxes::credential_policy;
use crate::app::mailboxes::settings::password_change;
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::SignedIn;
use crate::http::pages::login_form::{mail_password, registered_providers};
use crate::http::pages::mailbox::find_mailbox;
use crate::store::{GrantKind, Login, Mailbox};

#[derive(Template)]
#[template(path = "setup_login.html")]
struct LoginStepPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    registered_providers: Vec<String>,
    /// The registered provider that this server belongs to.
    server_provider: Option<String>,
    /// Whether the server does not accept passwords, but no application is registered for OAuth.
    is_unregistered: bool,
    is_connected: bool,
    problem: Option<String>,
    error: Option<LastError>,
    link: Option<String>,
}

impl LoginStepPage {
    /// Whether this provider is proposed first.
    fn is_proposed_first(&self, name: &str) -> bool {
        self.server_provider.as_deref() == Some(name)
    }
}

/// The account that consents in place of a shared mailbox; empty: none.
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

fn login_page(mailbox: Mailbox, state: &State, user: &SignedIn) -> LoginStepPage {
    let (oauth, host) = (&state.deps.oauth, &mailbox.server.host);
    let server_provider = oauth.registered_for_host(host).map(str::to_owned);
    let mut same_host = oauth.providers.values().filter(|app| app.imap_host.eq_ignore_ascii_case(host));
    let is_microsoft = same_host.any(|app| app.family() == "microsoft");
    LoginStepPage {
        f: Frame::new(&user.visitor, "mailboxes"),
        step: "login",
        registered_providers: registered_providers(state),
        is_unregistered: server_provider.is_none() && is_microsoft,
        is_connected: match &mailbox.login {
            Login::Password(sealed) => sealed.is_some(),
            Login::OAuth { .. } => true,
        },
        server_provider,
        mailbox,
        problem: None,
        error: None,
        link: None,
    }
}

pub async fn page(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    show(&login_page(find_mailbox(&address, &state, &user).await?, &state, &user))
}

/// Shows the page again after a failed login.
pub fn failed(mailbox: Mailbox, error: LastError, state: &State, user: &SignedIn) -> PageResult {
    show_invalid(&LoginStepPage { error: Some(error), ..login_page(mailbox, state, user) })
}

/// Shows the page again after a failure at the provider.
pub fn refused(mailbox: Mailbox, problem: String, state: &State, user: &SignedIn) -> PageResult {
    show_invalid(&LoginStepPage { problem: Some(problem), ..login_page(mailbox, state, user) })
}

#[derive(Deserialize)]
pub struct LoginStepForm {
    /// The server that the page showed when the form was filled in.
    #[serde(default)]
    server: String,
    #[serde(default)]
    password: String,
    /// Not empty if the button was pressed that creates a connect link.
    #[serde(default)]
    link: String,
}

/// Saves a password, or creates a link.
pub async fn password(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<LoginStepForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    if !form.link.is_empty() {
        let created = links::create(state.acting(&user.actor), &mailbox).await?;
        let link = Some(state.settings.link(&format!("/customer/{}", created.key)));
        return show(&LoginStepPage { link, ..login_page(mailbox, &state, &user) });
    }
    let password = match mail_password(&form.password) {
        Ok(_) if form.server != credential_policy::shown(&mailbox) => Err("customer-server-changed"),
        password => password,
    };
    let password = match password {
        Ok(password) => password,
        Err(name) => {
            let problem = Some(user.visitor.words.t(name));
            return show_invalid(&LoginStepPage { problem, ..login_page(mailbox, &state, &user) });
        }
    };
    change(&mailbox, password_change(&mailbox, password), &state, &user).await?;
    redirect(&after("login", &mailbox))
}
