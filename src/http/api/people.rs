//! `/users`: the users of the pages.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::ApiResult;
use crate::app::people;
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::{EntityTag, IfMatch};
use crate::http::api::extract::{PathParams, QueryParams};
use crate::http::api::validate::valid_name;
use crate::store::{Person, Role};

/// A user of the pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// The name to sign in with.
    #[schema(example = "anna@lillestad.se")]
    name: String,
    /// The role of the user.
    role: Role,
    /// The organisation that the user belongs to; null for operators.
    organisation: Option<String>,
    /// The language of the user's pages.
    language: String,
    /// When the user last signed in.
    last_login_at: Option<Timestamp>,
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        let Person { name, role, organisation, language, last_login_at, .. } = person;
        Self { name, role, organisation, language, last_login_at }
    }
}

fn version(person: &Person) -> EntityTag {
    EntityTag::new(&(person.id, &person.name, person.role, person.organisation_id))
}

/// List the users, by name.
#[utoipa::path(get, path = "/users", tag = "Users", params(ListQuery),
    responses((status = 200, description = "A page of users", body = Page<User>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<ListQuery>,
) -> ApiResult {
    let paging = Paging::<String>::parse("users", query.limit, query.after.as_deref())?;
    let found = state.deps.store.people_page(caller.scope(), paging.after.as_deref(), paging.fetch_limit()).await?;
    let page = Page::from_items("users", found, paging.limit, |person| person.name.clone());
    Ok(Json(page.map(User::from)).into_response())
}

/// Get a user.
#[utoipa::path(get, path = "/users/{name}", tag = "Users", params(("name" = String, Path, description = "The user's name")),
    responses((status = 200, description = "The user", body = User)))]
pub async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    let person = people::find(state.acting(&caller.actor), valid_name(&name)?).await?;
    Ok(version(&person).respond(&User::from(person)))
}

/// Remove a user.
///
/// The user is signed out at once. The last operator cannot be removed.
#[utoipa::path(delete, path = "/users/{name}", tag = "Users", params(("name" = String, Path, description = "The user's name")),
    responses((status = 204, description = "Removed")))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(name): PathParams<String>,
    headers: HeaderMap,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    people::find(acting, valid_name(&name)?).await?;
    let condition = IfMatch::from_headers(&headers)?;
    people::remove(acting, &name, |person| condition.matches(&version(person))).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
