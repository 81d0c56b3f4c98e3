//! Who may sign in, and inviting others.

use askama::Template;
use axum::Form;
use axum::extract::State as FromState;
use serde::Deserialize;

use crate::app::organisations::Owner;
use crate::app::{any, invitations, people};
use crate::http::State;
use crate::http::page::answer::{Answer, go, show};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::store::{Invitation, Organisation, Person, Role};

#[derive(Template)]
#[template(path = "people.html")]
struct Page {
    f: Frame,
    me: String,
    people: Vec<Person>,
    invitations: Vec<Invitation>,
    organisations: Vec<Organisation>,
    link: Option<String>,
}

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    role: String,
    #[serde(default)]
    organisation: String,
}

#[derive(Deserialize)]
pub struct Named {
    #[serde(default)]
    name: String,
}

async fn render(state: &State, who: &SignedIn, link: Option<String>) -> Answer {
    let store = &state.deps.store;
    let f = Frame::new(&who.reader, "people");
    let organisations = if f.is_operator() { store.organisations().await? } else { Vec::new() };
    let people = store.people(who.scope()).await?;
    let invitations = store.open_invitations(who.scope(), who.reader.words.now).await?;
    show(&Page { f, me: who.person.name.clone(), people, invitations, organisations, link })
}

/// The page.
pub async fn list(FromState(state): FromState<State>, who: SignedIn) -> Answer {
    render(&state, &who, None).await
}

/// A link that is shown once.
pub async fn invite(FromState(state): FromState<State>, who: SignedIn, Form(wanted): Form<Wanted>) -> Answer {
    let role: Role = wanted.role.parse().map_err(|_| PageError::Wrong("fault-role"))?;
    let owner = match who.person.role {
        Role::Operator => Owner::NamedOrNew(wanted.organisation),
        _ => Owner::Own,
    };
    let key = invitations::invite(state.acting(&who.actor), role, &owner).await?;
    render(&state, &who, Some(state.page.link(&format!("/invitation/{key}")))).await
}

#[derive(Deserialize)]
pub struct Which {
    /// The hash of the invitation's key, in hexadecimal.
    #[serde(default)]
    invitation: String,
}

/// Takes an invitation back.
pub async fn revoke(FromState(state): FromState<State>, who: SignedIn, Form(which): Form<Which>) -> Answer {
    invitations::revoke(state.acting(&who.actor), &which.invitation).await?;
    go("/people?done=invitation-revoked")
}

/// Removes somebody, who is signed out at once.
pub async fn remove(FromState(state): FromState<State>, who: SignedIn, Form(named): Form<Named>) -> Answer {
    people::remove(state.acting(&who.actor), &named.name, any).await?;
    go("/people?done=person-removed")
}
