//! The frame around every page, which is its reader's.

use crate::http::page::visitor::Visitor;
use crate::http::page::words::Words;
use crate::store::{Person, Role};

/// The frame around a page: its words, who reads it, and where in the site it is.
pub struct Frame {
    /// The reader's language and zone.
    pub w: Words,
    /// Who is signed in.
    pub person: Option<Person>,
    /// Which part of the site is shown.
    pub part: &'static str,
    /// What was just done, as a sentence.
    pub done: Option<String>,
    /// The same page, for a form that changes how it is shown.
    pub path: String,
}

impl Frame {
    /// For this reader.
    pub fn new(visitor: &Visitor, part: &'static str) -> Self {
        Self {
            w: visitor.words.clone(),
            person: visitor.person.clone(),
            part,
            done: done(visitor),
            path: visitor.path.clone(),
        }
    }

    /// Whether the reader may change things.
    pub fn may_change(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.role >= Role::Admin)
    }

    /// Whether the reader may do everything.
    pub fn is_operator(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.role == Role::Operator)
    }

    /// Whether this part of the site is shown.
    pub fn is(&self, part: &str) -> bool {
        self.part == part
    }
}

/// What the page before says that was done: `?done=NAME`, where `NAME` is one of the texts and nothing else is shown.
fn done(visitor: &Visitor) -> Option<String> {
    let (_, query) = visitor.path.split_once('?')?;
    let name = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "done")?.1;
    let text = format!("done-{name}");
    let is_known = name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && crate::locale::has(&text);
    is_known.then(|| visitor.words.t(&text))
}
