//! `/users`: who may sign in to the pages.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::Answer;
use crate::app::people;
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::{Condition, Version};
use crate::http::api::extract::{Asked, InPath};
use crate::http::api::validate::named;
use crate::store::{Person, Role};

/// Somebody who may sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// The name to sign in with.
    #[schema(example = "anna@lillestad.se")]
    name: String,
    /// What they may do.
    role: Role,
    /// Where they belong; null: an operator.
    organisation: Option<String>,
    /// The language of their pages.
    language: String,
    /// When they last signed in.
    last_login_at: Option<Timestamp>,
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        let Person { name, role, organisation, language, last_login_at, .. } = person;
        Self { name, role, organisation, language, last_login_at }
    }
}

fn version(person: &Person) -> Version {
    Version::of(&(person.id, &person.name, person.role, person.organisation_id))
}

/// The users, by name.
#[utoipa::path(get, path = "/users", tag = "Users", params(ListQuery),
    responses((status = 200, description = "A page of users", body = Page<User>)))]
pub async fn list(FromState(state): FromState<State>, caller: Caller, Asked(asked): Asked<ListQuery>) -> Answer {
    let paging = Paging::<String>::of("users", asked.limit, asked.after.as_deref())?;
    let found = state.deps.store.people_page(caller.scope(), paging.after.as_deref(), paging.with_one_more()).await?;
    let page = Page::of("users", found, paging.limit, |person| person.name.clone());
    Ok(Json(page.map(User::from)).into_response())
}

/// One user.
#[utoipa::path(get, path = "/users/{name}", tag = "Users", params(("name" = String, Path, description = "The name")),
    responses((status = 200, description = "The user", body = User)))]
pub async fn one(FromState(state): FromState<State>, caller: Caller, InPath(name): InPath<String>) -> Answer {
    let person = people::find(state.acting(&caller.actor), named(&name)?).await?;
    Ok(version(&person).show(&User::from(person)))
}

/// Removes a user, who is signed out at once. The last operator stays.
#[utoipa::path(delete, path = "/users/{name}", tag = "Users", params(("name" = String, Path, description = "The name")),
    responses((status = 204, description = "They are gone")))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Answer {
    let acting = state.acting(&caller.actor);
    people::find(acting, named(&name)?).await?;
    let condition = Condition::of(&headers)?;
    people::remove(acting, &name, |person| condition.means(&version(person))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
