//! `/search`: where is my mail?

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::cursor::{Page, Paging};
use super::problem::{Answer, Refusal};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::Asked;
use crate::store::{MessageLine, search_words};

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words of the sender, the subject or the Message-ID; the last may be the beginning of one.
    #[param(max_length = 200, example = "anna ansökan")]
    q: String,
    /// Items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Imported messages with all of these words, newest first.
#[utoipa::path(get, path = "/search", tag = "Messages", params(SearchQuery),
    responses((status = 200, description = "A page of messages", body = Page<MessageLine>)))]
pub async fn search(FromState(state): FromState<State>, caller: Caller, Asked(asked): Asked<SearchQuery>) -> Answer {
    if asked.q.chars().count() > 200 {
        return Err(Refusal::Bad("q has at most 200 characters".to_owned()));
    }
    let paging = Paging::<i64>::of("search", asked.limit, asked.after.as_deref())?;
    let words = search_words(&asked.q);
    let busy = || Refusal::Conflict("too many searches are under way; ask again in a moment".to_owned());
    let _turn = state.shares.searching(caller.scope().id()).await.ok_or_else(busy)?;
    let found = state.deps.store.find_messages(caller.scope(), &words, paging.after, paging.with_one_more()).await?;
    Ok(Json(Page::of("search", found, paging.limit, |message| message.id)).into_response())
}
