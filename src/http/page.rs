//! The parts that all pages have in common: the visitor and their language, the frame, errors, and who may see a page.

pub mod answer;
pub mod error;
mod error_page;
pub mod frame;
pub mod guard;
pub mod last_error;
pub mod paths;
pub mod plot;
pub mod visitor;
pub mod words;
