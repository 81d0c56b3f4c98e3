//! Sanitises untrusted HTML: no scripts, no forms, no remote content, and processing time proportional to its length.
//!
//! There are two independent steps: [`shape`] tokenises the HTML roughly like a browser and rewrites it with a limited
//! number of well-nested tags, so that no later parser can be made to work long. `ammonia` then parses the result exactly
//! like a browser and enforces the allow-list. The result is shown in a frame that can neither run nor load anything: see
//! [`FRAME_POLICY`].

mod allowed;
mod frame;
mod pictures;
mod policy;
mod shape;
mod style;
mod tokens;

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::MAX_TEXT;
use super::budget::Budget;
use crate::shown::is_invisible;

use pictures::Pictures;

pub use frame::{FRAME_POLICY, frame_document};
pub use shape::shape_without_pictures;

/// Sanitised HTML, to be shown in a frame.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// The sanitised HTML, to be used only in [`frame_document`].
    pub html: String,
    /// Number of remote pictures and backgrounds that were removed. Loading one would tell the sender that the mail was
    /// read.
    pub remote: usize,
    /// Whether HTML was left out: it was too long, or had too many or too deeply nested tags. The rest is shown as text
    /// or not at all.
    pub is_cut: bool,
}

/// Sanitises HTML within the budget. `picture` returns the data URI for a Content-ID of the same mail.
pub fn clean_html(html: &str, picture: &dyn Fn(&str) -> Option<String>, budget: &Budget) -> Cleaned {
    let end = html.floor_char_boundary(MAX_TEXT);
    let mut pictures = Pictures::new(picture);
    let shaped = shape::shape_with_pictures(html.get(..end).unwrap_or_default(), &mut pictures, budget);
    let mut clean = policy::apply(&shaped.html, budget);
    // Invisible characters could have been written as entities, so they are removed here. The serialiser has escaped
    // everything except its own tags, so removing characters creates no tag.
    clean.retain(|c| !is_invisible(c));
    let is_cut = shaped.is_cut || pictures.is_cut() || end < html.len() || !budget.has_time();
    Cleaned { html: clean, remote: shaped.remote, is_cut }
}

/// Counts the remote pictures in HTML.
pub fn remote(html: &str, budget: &Budget) -> usize {
    shape::shape_with_pictures(html, &mut Pictures::new(&|_| None), budget).remote
}

/// Escapes text for use between tags.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
