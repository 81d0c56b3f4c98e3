//! The frame around every page: navigation, language, and confirmations.

use crate::http::page::visitor::Visitor;
use crate::http::page::words::Words;
use crate::store::{Person, Role};

/// The frame around one page.
pub struct Frame {
    /// The visitor's language and time zone.
    pub w: Words,
    /// The signed-in user.
    pub person: Option<Person>,
    /// The part of the site that the page belongs to, for the navigation.
    pub part: &'static str,
    /// The confirmation of the previous action, as a sentence.
    pub confirmation: Option<String>,
    /// The path of this page, for the form that switches the language.
    pub path: String,
}

impl Frame {
    pub fn new(visitor: &Visitor, part: &'static str) -> Self {
        Self {
            w: visitor.words.clone(),
            person: visitor.person.clone(),
            part,
            confirmation: confirmation(visitor),
            path: visitor.path.clone(),
        }
    }

    /// Whether the visitor may make changes.
    pub fn may_change(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.role >= Role::Admin)
    }

    pub fn is_operator(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.role == Role::Operator)
    }

    /// Whether the page belongs to this part of the site.
    pub fn shows_part(&self, part: &str) -> bool {
        self.part == part
    }
}

/// The confirmation that `?done=NAME` asks for: the text `done-NAME`. Anything else is ignored, so that a link cannot
/// put words on a page.
fn confirmation(visitor: &Visitor) -> Option<String> {
    let (_, query) = visitor.path.split_once('?')?;
    let name = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "done")?.1;
    let text = format!("done-{name}");
    let is_known = name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && crate::locale::has(&text);
    is_known.then(|| visitor.words.t(&text))
}
