//! Responses of page handlers: a page, a page with an invalid form, or a redirect.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::http::page::error::PageError;

/// The response of a page handler.
pub type PageResult = Result<Response, PageError>;

/// Renders a page.
pub fn show(template: &impl Template) -> PageResult {
    Ok(Html(template.render()?).into_response())
}

/// Renders a page again because its form was invalid (status 422).
pub fn show_invalid(template: &impl Template) -> PageResult {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(template.render()?)).into_response())
}

/// Redirects to another page.
pub fn redirect(to: &str) -> PageResult {
    Ok(Redirect::to(to).into_response())
}
