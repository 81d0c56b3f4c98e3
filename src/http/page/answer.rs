//! Answers of page handlers: a page, the same page to be filled in again, or another page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::http::page::error::PageError;

/// A page that was made, or the fault that it was not.
pub type PageResult = Result<Response, PageError>;

/// A page from its template.
pub fn show(template: &impl Template) -> PageResult {
    Ok(Html(template.render()?).into_response())
}

/// A page whose form has to be filled in again.
pub fn show_invalid(template: &impl Template) -> PageResult {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(template.render()?)).into_response())
}

/// On to another page.
pub fn redirect(to: &str) -> PageResult {
    Ok(Redirect::to(to).into_response())
}
