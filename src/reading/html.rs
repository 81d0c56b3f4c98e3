//! A stranger's HTML, made harmless: no script, no form, nothing from outside, and nothing that costs more than it is long.
//!
//! Two steps that do not trust each other. [`shape`] reads tags as a browser would, roughly, and writes them anew, few and in
//! order, so that no parser after it can be made to work long. `ammonia` then reads that as a browser does, exactly, and has
//! the last word on what is allowed. After both comes a frame that may neither run nor load anything: see [`FRAME_POLICY`].

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

use super::MOST_TEXT;
use super::budget::Budget;
use crate::shown::hides;

use pictures::Pictures;

pub use frame::{FRAME_POLICY, frame_document};
pub use shape::shape;

/// HTML that can be shown in a frame.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// To be put into [`frame_document`], and nowhere else.
    pub html: String,
    /// So many pictures and backgrounds would have been loaded from elsewhere, which tells the sender that the mail was read.
    pub remote: usize,
    /// The HTML was longer or had more or deeper tags than are shown; the rest is shown as text or not at all.
    pub is_cut: bool,
}

/// Makes HTML harmless, as far as the budget goes. `picture` gives the data URI for a Content-ID of the same mail.
pub fn clean_html(html: &str, picture: &dyn Fn(&str) -> Option<String>, budget: &Budget) -> Cleaned {
    let most = html.floor_char_boundary(MOST_TEXT);
    let mut pictures = Pictures::new(picture);
    let shaped = shape::shaped(html.get(..most).unwrap_or_default(), &mut pictures, budget);
    let mut clean = policy::apply(&shaped.html, budget);
    // What hides could have been written as an entity, so it is taken out here. The serialiser has escaped all that is not a
    // tag of its own, so that nothing becomes a tag by this.
    clean.retain(|c| !hides(c));
    let is_cut = shaped.is_cut || pictures.is_cut() || most < html.len() || !budget.goes_on();
    Cleaned { html: clean, remote: shaped.remote, is_cut }
}

/// How many pictures HTML would have loaded from elsewhere.
pub fn remote(html: &str, budget: &Budget) -> usize {
    shape::shaped(html, &mut Pictures::new(&|_| None), budget).remote
}

/// Text, to stand between tags.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
