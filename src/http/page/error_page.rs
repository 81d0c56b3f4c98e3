//! The error page, in the visitor's language.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::fact::Fact;
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::visitor::Visitor;
use crate::locale;

#[derive(Template)]
#[template(path = "fault.html")]
struct Page {
    f: Frame,
    title: String,
    detail: Option<String>,
}

/// Returns the error page for this visitor. A guest who has to sign in is redirected to the login page, and from there back
/// to the requested page; after a POST or a request for a fragment of a page, to the start page.
pub fn page(error: &PageError, visitor: &Visitor, is_get: bool, is_fragment: bool) -> Response {
    if matches!(error, PageError::SignIn) {
        let back = if is_get && !is_fragment { visitor.path.as_str() } else { "/" };
        let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let to = if back == "/" { "/login".to_owned() } else { format!("/login?next={next}") };
        return match is_fragment {
            // HX-Redirect makes htmx load the login page as a whole page.
            true => (StatusCode::UNAUTHORIZED, [("HX-Redirect", to)]).into_response(),
            false => Redirect::to(&to).into_response(),
        };
    }
    let detail = match error {
        PageError::Conflict(conflict) => Some(conflict.words(visitor.words.language)),
        PageError::ConflictText(words) => Some(words.clone()),
        PageError::LoginWait(text, minutes) => Some(visitor.words.n(text, *minutes)),
        _ => None,
    };
    let title = locale::text(visitor.words.language, error.text());
    match (Page { f: Frame::new(visitor, ""), title, detail }).render() {
        Ok(html) => (error.status(), Html(html)).into_response(),
        Err(_) => error.status().into_response(),
    }
}
