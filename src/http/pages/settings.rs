//! The settings of the installation: API tokens, OAuth applications and the master key.

use askama::Template;
use axum::Form;
use axum::extract::State as FromState;
use serde::Deserialize;

use super::login_form::registered_providers;
use crate::app::any;
use crate::app::organisations::Owner;
use crate::app::tokens::{self, TokenSelector};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show};
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::oauth::all_forecasts;
use crate::store::{Token, TokenScope};

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    f: Frame,
    tokens: Vec<Token>,
    /// The API token that was just created.
    token: Option<String>,
    providers: Vec<ProviderRow>,
    callback: String,
    /// Whether all secrets are sealed with the current master key, in words.
    keys: String,
    version: &'static str,
}

impl SettingsPage {
    /// The names of the tokens that were created with this token, directly or indirectly; empty: none.
    fn descendants(&self, token: &Token) -> String {
        let mut makers = vec![token.id];
        let mut names = Vec::new();
        let mut next = 0;
        while let Some(creator) = makers.get(next).copied() {
            for token in self.tokens.iter().filter(|token| token.made_by_id == Some(creator)) {
                makers.push(token.id);
                names.push(token.name.as_str());
            }
            next += 1;
        }
        names.join(", ")
    }
}

/// A provider from the configuration.
struct ProviderRow {
    name: String,
    client_id: String,
    is_registered: bool,
    endings: Vec<String>,
}

async fn render_settings(state: &State, user: &SignedIn, token: Option<String>) -> PageResult {
    let (store, w) = (&state.deps.store, &user.visitor.words);
    let f = Frame::new(&user.visitor, "settings");
    let mut providers = Vec::new();
    if f.is_operator() {
        let ends = all_forecasts(&state.deps.oauth, &store.grants().await?, w.now);
        let registered = registered_providers(state);
        for (name, app) in &state.deps.oauth.providers {
            let own = ends.iter().filter(|(provider, _, _)| provider == name);
            let endings =
                own.map(|(provider, identity, ending)| ending.in_words(provider, identity, w.language)).collect();
            providers.push(ProviderRow {
                name: name.clone(),
                client_id: app.client_id.clone(),
                is_registered: registered.contains(name),
                endings,
            });
        }
    }
    let is_current = store.is_all_sealed_with(&state.deps.vault).await?;
    show(&SettingsPage {
        tokens: store.tokens(user.scope()).await?,
        token,
        providers,
        callback: state.settings.link(super::consent::CALLBACK),
        keys: w.t(if is_current { "keys-current" } else { "keys-old" }),
        version: env!("CARGO_PKG_VERSION"),
        f,
    })
}

/// Shows the settings.
pub async fn page(FromState(state): FromState<State>, user: SignedIn) -> PageResult {
    render_settings(&state, &user, None).await
}

#[derive(Deserialize)]
pub struct TokenForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    scope: String,
}

/// Creates an API token, and shows it once.
pub async fn add_token(FromState(state): FromState<State>, user: SignedIn, Form(form): Form<TokenForm>) -> PageResult {
    let scope = if form.scope == "write" { TokenScope::Write } else { TokenScope::Read };
    let created = tokens::create(state.acting(&user.actor), &form.name, scope, &Owner::Own).await?;
    render_settings(&state, &user, Some(created.token)).await
}

#[derive(Deserialize)]
pub struct RevokeTokenForm {
    #[serde(default)]
    name: String,
    /// The token's row: an operator may see several tokens with the same name.
    #[serde(default)]
    token: Option<i64>,
    /// If not empty, the tokens that were created with this one are revoked, too.
    #[serde(default)]
    with_made: String,
}

/// Revokes an API token.
pub async fn revoke_token(
    FromState(state): FromState<State>,
    user: SignedIn,
    Form(form): Form<RevokeTokenForm>,
) -> PageResult {
    let which = TokenSelector::Row { name: &form.name, id: form.token };
    tokens::revoke(state.acting(&user.actor), which, !form.with_made.is_empty(), any).await?;
    redirect("/settings?done=token-revoked")
}
