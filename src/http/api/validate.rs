//! Validation of request bodies. All invalid fields are reported at once.

use std::fmt::Display;

use super::problem::{FieldProblem, Refusal};
use crate::address::Address;

/// The problems found so far.
#[derive(Default)]
pub struct Checks(Vec<FieldProblem>);

impl Checks {
    /// Returns the value of a required field, or adds the problem.
    pub fn field<T, E: Display>(&mut self, pointer: &str, checked: Result<T, E>) -> Option<T> {
        checked.map_err(|why| self.add(pointer, why)).ok()
    }

    /// Returns the value of an optional field, or adds the problem.
    pub fn optional<T, E: Display>(
        &mut self,
        pointer: &str,
        value: Option<&String>,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.field(pointer, check(value?))
    }

    /// Parses an address, or adds the problem.
    pub fn address(&mut self, pointer: &str, text: &str) -> Option<Address> {
        self.field(pointer, text.parse())
    }

    /// Adds a problem.
    pub fn add(&mut self, pointer: &str, why: impl Display) {
        self.0.push(FieldProblem { pointer: pointer.to_owned(), detail: why.to_string() });
    }

    /// Succeeds if no problem was added.
    ///
    /// # Errors
    /// Problems were added.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }

    /// The refusal with the problems found, of which there must be at least one.
    pub fn into_refusal(self) -> Refusal {
        Refusal::Invalid(self.0)
    }
}

/// Validates a text on one line, such as a name.
///
/// # Errors
/// The text is empty, too long, or has more than one line.
pub fn single_line(text: &str) -> Result<String, String> {
    let text = text.trim();
    match (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err("must have 1 to 200 characters on one line".to_owned()),
    }
}

/// Checks that a text from the path can be a name.
///
/// # Errors
/// The text cannot be a name, so no resource has this name.
pub fn valid_name(text: &str) -> Result<&str, Refusal> {
    match text.chars().any(char::is_control) {
        true => Err(Refusal::NotFound("nothing has this name".to_owned())),
        false => Ok(text),
    }
}
