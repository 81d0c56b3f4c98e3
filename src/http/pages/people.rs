//! Who may sign in, and inviting others.

use askama::Template;
use axum::Form;
use axum::extract::State as FromState;
use serde::Deserialize;

use crate::http::State;
use crate::http::fault::{Answer, Fault, go, show};
use crate::http::reader::{Frame, Who};
use crate::opaque;
use crate::store::{Invitation, Organisation, Person, Purpose, Role};
use crate::vault::hex;

/// How long an invitation holds.
const WITHIN: std::time::Duration = std::time::Duration::from_hours(7 * 24);

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

async fn render(state: &State, who: &Who, link: Option<String>) -> Answer {
    let store = &state.deps.store;
    let f = Frame::new(&who.reader, "people");
    let organisations = if f.is_operator() { store.organisations().await? } else { Vec::new() };
    let people = store.people(who.scope()).await?;
    let invitations = store.open_invitations(who.scope(), who.reader.words.now).await?;
    show(&Page { f, me: who.person.name.clone(), people, invitations, organisations, link })
}

/// The page.
pub async fn list(FromState(state): FromState<State>, who: Who) -> Answer {
    render(&state, &who, None).await
}

/// A link that is shown once.
pub async fn invite(FromState(state): FromState<State>, who: Who, Form(wanted): Form<Wanted>) -> Answer {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let role: Role = wanted.role.parse().map_err(|_| Fault::Wrong("fault-role"))?;
    let organisation_id = match (who.person.role, role) {
        (Role::Operator, Role::Operator) => None,
        (Role::Operator, _) => Some(store.organisation_named(&wanted.organisation, now).await?.id),
        (_, Role::Operator) => return Err(Fault::Forbidden),
        _ => who.person.organisation_id,
    };
    let key = opaque::new("");
    let purpose = Purpose::Invite { role, organisation_id };
    store.add_link(&opaque::hash(&key), &purpose, who.person.name.as_str(), now, now.plus(WITHIN)).await?;
    store.audit(who.change(organisation_id, "person-invited", role.as_str(), ""), now).await?;
    render(&state, &who, Some(state.page.link(&format!("/invitation/{key}")))).await
}

#[derive(Deserialize)]
pub struct Which {
    /// The hash of the invitation's key, in hexadecimal.
    #[serde(default)]
    invitation: String,
}

/// Takes an invitation back.
pub async fn revoke(FromState(state): FromState<State>, who: Who, Form(which): Form<Which>) -> Answer {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let open = store.open_invitations(who.scope(), now).await?;
    let one = open.iter().find(|one| hex(&one.key_hash) == which.invitation).ok_or(Fault::NotFound)?;
    if !store.revoke_invitation(&one.key_hash, who.scope()).await? {
        return Err(Fault::NotFound);
    }
    store.audit(who.change(who.person.organisation_id, "invitation-revoked", one.role.as_str(), ""), now).await?;
    go("/people?done=invitation-revoked")
}

/// Removes somebody, who is signed out at once.
pub async fn remove(FromState(state): FromState<State>, who: Who, Form(named): Form<Named>) -> Answer {
    let store = &state.deps.store;
    let person = store.person(&named.name).await?.ok_or(Fault::NotFound)?;
    if who.scope().id().is_some_and(|own| person.organisation_id != Some(own)) {
        return Err(Fault::NotFound);
    }
    if person.id == who.person.id {
        return Err(Fault::Wrong("fault-yourself"));
    }
    let tokens = store.remove_person(&person).await?;
    let detail = if tokens == 0 { String::new() } else { format!("tokens taken back: {tokens}") };
    let change = who.change(person.organisation_id, "person-removed", &person.name, &detail);
    store.audit(change, state.deps.clock.now()).await?;
    go("/people?done=person-removed")
}
