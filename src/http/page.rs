//! Code that all pages share: the visitor and their language, the frame, errors, and access control.

pub mod answer;
pub mod chart;
pub mod error;
mod error_page;
pub mod frame;
pub mod guard;
pub mod last_error;
pub mod paths;
pub mod visitor;
pub mod words;
