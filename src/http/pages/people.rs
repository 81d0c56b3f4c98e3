//! Users and invitations.

use askama::Template;
use axum::Form;
use axum::extract::State as FromState;
use serde::Deserialize;

use crate::app::organisations::Owner;
use crate::app::{any, invitations, people};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::store::{Invitation, Organisation, Person, Role};

#[derive(Template)]
#[template(path = "people.html")]
struct UsersPage {
    f: Frame,
    me: String,
    people: Vec<Person>,
    invitations: Vec<Invitation>,
    organisations: Vec<Organisation>,
    link: Option<String>,
}

#[derive(Deserialize)]
pub struct InviteForm {
    #[serde(default)]
    role: String,
    #[serde(default)]
    organisation: String,
}

#[derive(Deserialize)]
pub struct RemoveUserForm {
    #[serde(default)]
    name: String,
}

async fn render(state: &State, user: &SignedIn, link: Option<String>) -> PageResult {
    let store = &state.deps.store;
    let f = Frame::new(&user.visitor, "people");
    let organisations = if f.is_operator() { store.organisations().await? } else { Vec::new() };
    let people = store.people(user.scope()).await?;
    let invitations = store.open_invitations(user.scope(), user.visitor.words.now).await?;
    show(&UsersPage { f, me: user.person.name.clone(), people, invitations, organisations, link })
}

/// Lists users and invitations.
pub async fn list(FromState(state): FromState<State>, user: SignedIn) -> PageResult {
    render(&state, &user, None).await
}

/// Creates an invitation link, and shows it once.
pub async fn invite(FromState(state): FromState<State>, user: SignedIn, Form(form): Form<InviteForm>) -> PageResult {
    let role: Role = form.role.parse().map_err(|_| PageError::BadRequest("fault-role"))?;
    let owner = match user.person.role {
        Role::Operator => Owner::NamedOrNew(form.organisation),
        _ => Owner::Own,
    };
    let key = invitations::invite(state.acting(&user.actor), role, &owner).await?;
    render(&state, &user, Some(state.settings.link(&format!("/invitation/{key}")))).await
}

#[derive(Deserialize)]
pub struct RevokeInvitationForm {
    /// The hash of the invitation's key, in hexadecimal.
    #[serde(default)]
    invitation: String,
}

/// Revokes an invitation.
pub async fn revoke(
    FromState(state): FromState<State>,
    user: SignedIn,
    Form(form): Form<RevokeInvitationForm>,
) -> PageResult {
    invitations::revoke(state.acting(&user.actor), &form.invitation).await?;
    redirect("/people?done=invitation-revoked")
}

/// Removes a user and ends their sessions.
pub async fn remove(
    FromState(state): FromState<State>,
    user: SignedIn,
    Form(form): Form<RemoveUserForm>,
) -> PageResult {
    people::remove(state.acting(&user.actor), &form.name, any).await?;
    redirect("/people?done=person-removed")
}
