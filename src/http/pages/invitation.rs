//! Links by which somebody gets an account: the first operator's, and invitations.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use secrecy::SecretString;
use serde::Deserialize;

use super::entrance;
use crate::http::State;
use crate::http::fault::{Answer, Fault, show, show_again};
use crate::http::guard::USUAL_ZONE;
use crate::http::reader::{Frame, Reader};
use crate::store::{Change, Link, NewPerson, Purpose, Role};
use crate::{opaque, password};

#[derive(Template)]
#[template(path = "invitation.html")]
struct Page {
    f: Frame,
    is_first: bool,
    role: Role,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "link_over.html")]
struct Over {
    f: Frame,
}

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    zone: String,
}

/// What becomes of who follows a link: a role, where.
fn becomes(link: &Link) -> Option<(Role, Option<i64>)> {
    match link.purpose {
        Purpose::Setup => Some((Role::Operator, None)),
        Purpose::Invite { role, organisation_id } => Some((role, organisation_id)),
        Purpose::Connect { .. } => None,
    }
}

/// The first run.
pub async fn set_up(state: FromState<State>, reader: Reader, key: Path<String>) -> Answer {
    invited(state, reader, key).await
}

/// The form, or that the link is over.
pub async fn invited(FromState(state): FromState<State>, reader: Reader, Path(key): Path<String>) -> Answer {
    let link = state.deps.store.link(&opaque::hash(&key), state.deps.clock.now()).await?;
    let f = Frame::new(&reader, "login");
    match link.as_ref().and_then(becomes) {
        Some((role, organisation)) => show(&Page {
            f,
            is_first: organisation.is_none() && role == Role::Operator,
            role,
            name: String::new(),
            problem: None,
        }),
        None => show(&Over { f }),
    }
}

/// Makes the account and signs in. The link is used up first: two who follow it at once do not both get one.
pub async fn accept(
    FromState(state): FromState<State>,
    reader: Reader,
    Path(key): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Answer {
    let (store, now, hash) = (&state.deps.store, state.deps.clock.now(), opaque::hash(&key));
    let link = store.link(&hash, now).await?;
    let Some((role, organisation_id)) = link.as_ref().and_then(becomes) else {
        return show(&Over { f: Frame::new(&reader, "login") });
    };
    let again = |problem: String| {
        let f = Frame::new(&reader, "login");
        show_again(&Page {
            f,
            is_first: role == Role::Operator,
            role,
            name: chosen.name.clone(),
            problem: Some(problem),
        })
    };
    let secret = SecretString::from(chosen.password.as_str());
    if crate::store::person_name(&chosen.name).is_err() {
        return again(reader.words.t("name-wrong"));
    }
    if let Some(weak) = password::weakness(&secret) {
        return again(reader.words.t(weak));
    }
    if chosen.password != chosen.again {
        return again(reader.words.t("password-differs"));
    }
    let password_hash = password::hash(secret).await.map_err(|error| {
        tracing::error!(%error);
        Fault::Inside
    })?;
    if !store.use_link(&hash, now).await? {
        return show(&Over { f: Frame::new(&reader, "login") });
    }
    let zone = if jiff::tz::TimeZone::get(&chosen.zone).is_ok() { chosen.zone.as_str() } else { USUAL_ZONE };
    let language = reader.words.tag();
    let new =
        NewPerson { name: &chosen.name, role, organisation_id, password_hash: Some(&password_hash), language, zone };
    if let Err(error) = store.add_person(&new, now).await {
        store.give_link_back(&hash).await?;
        return match error {
            crate::store::StoreError::Conflict(_) => again(reader.words.t("name-taken")),
            error => Err(error.into()),
        };
    }
    let person = store.person(&chosen.name).await?.ok_or(Fault::Inside)?;
    let by = link.map(|link| link.created_by).unwrap_or_default();
    let change = Change {
        who: &person.name,
        organisation: organisation_id,
        action: "person-joined",
        target: &person.name,
        detail: &by,
    };
    store.audit(change, now).await?;
    entrance::sign_in(&state, &reader, &person, zone, "/", now).await
}
