//! `/search`: finds imported messages.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::cursor::{Page, Paging};
use super::problem::{ApiResult, Refusal};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::QueryParams;
use crate::store::{MessageLine, search_words};

/// The search, and the requested page of its results.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words from the sender, the subject or the Message-ID. The last word may be incomplete.
    #[param(max_length = 200, example = "anna ansökan")]
    q: String,
    /// The number of items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// The `next` value of the previous page.
    after: Option<String>,
}

/// Search the imported messages, newest first.
///
/// Finds messages that contain all of the words.
#[utoipa::path(get, path = "/search", tag = "Messages", params(SearchQuery),
    responses((status = 200, description = "A page of messages", body = Page<MessageLine>)))]
pub async fn search(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<SearchQuery>,
) -> ApiResult {
    if query.q.chars().count() > 200 {
        return Err(Refusal::BadRequest("q must have at most 200 characters".to_owned()));
    }
    let paging = Paging::<i64>::parse("search", query.limit, query.after.as_deref())?;
    let words = search_words(&query.q);
    let busy = || Refusal::Conflict("too many searches are in progress; retry in a moment".to_owned());
    let _turn = state.shares.searching(caller.scope().id()).await.ok_or_else(busy)?;
    let found = state.deps.store.find_messages(caller.scope(), &words, paging.after, paging.fetch_limit()).await?;
    Ok(Json(Page::from_items("search", found, paging.limit, |message| message.id)).into_response())
}
