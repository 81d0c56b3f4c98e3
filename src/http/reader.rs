//! Who asks for a page: somebody who is signed in, or a guest; and the frame around every page, which is theirs.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::fault::Fault;
use super::words::Words;
use crate::app::Actor;
use crate::store::{Mailbox, Person, Role, Scope};

/// Who asks.
#[derive(Clone)]
pub struct Reader {
    /// Their language and zone.
    pub words: Words,
    /// Who they are; `None`: a guest.
    pub person: Option<Person>,
    /// The hash of the key of their session.
    pub session: Option<Vec<u8>>,
    /// Where they come from, for limits on logins.
    pub address: String,
    /// The path that they asked for, with its question.
    pub path: String,
}

/// Somebody who is signed in: what routes that need it give to their handlers.
#[derive(Clone)]
pub struct Who {
    /// The reader.
    pub reader: Reader,
    /// Who it is.
    pub person: Person,
    /// The same, as whoever does something.
    pub actor: Actor,
}

impl Who {
    /// A reader who is signed in.
    pub fn new(reader: Reader, person: Person) -> Self {
        Self { reader, actor: Actor::Person(person.clone()), person }
    }

    /// What they may see.
    pub fn scope(&self) -> Scope {
        Scope::of(self.person.organisation_id)
    }

    /// Whether they may change anything.
    pub fn may_change(&self) -> bool {
        self.person.role >= Role::Admin
    }

    /// A mailbox that is not theirs is not there.
    pub fn sees(&self, mailbox: Mailbox) -> Result<Mailbox, Fault> {
        if self.scope().has(mailbox.organisation_id) { Ok(mailbox) } else { Err(Fault::NotFound) }
    }
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or(Fault::NotFound)
    }
}

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let reader = parts.extensions.get::<Reader>().cloned().ok_or(Fault::NotFound)?;
        let person = reader.person.clone().ok_or(Fault::SignIn)?;
        Ok(Self::new(reader, person))
    }
}

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
    pub fn new(reader: &Reader, part: &'static str) -> Self {
        Self {
            w: reader.words.clone(),
            person: reader.person.clone(),
            part,
            done: done(reader),
            path: reader.path.clone(),
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
fn done(reader: &Reader) -> Option<String> {
    let (_, question) = reader.path.split_once('?')?;
    let name = url::form_urlencoded::parse(question.as_bytes()).find(|(key, _)| key == "done")?.1;
    let text = format!("done-{name}");
    let is_one = name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && crate::locale::has(&text);
    is_one.then(|| reader.words.t(&text))
}
