//! Checks of a body's parts: all that is wrong is told at once.

use std::fmt::Display;

use super::problem::{PartProblem, Refusal};
use crate::address::Address;

/// What was found wrong so far.
#[derive(Default)]
pub struct Checks(Vec<PartProblem>);

impl Checks {
    /// A part that must be right.
    pub fn field<T, E: Display>(&mut self, pointer: &str, checked: Result<T, E>) -> Option<T> {
        checked.map_err(|why| self.add(pointer, why)).ok()
    }

    /// A part that may be left out.
    pub fn optional<T, E: Display>(
        &mut self,
        pointer: &str,
        value: Option<&String>,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.field(pointer, check(value?))
    }

    /// An address.
    pub fn address(&mut self, pointer: &str, text: &str) -> Option<Address> {
        self.field(pointer, text.parse())
    }

    /// Something is wrong.
    pub fn add(&mut self, pointer: &str, why: impl Display) {
        self.0.push(PartProblem { pointer: pointer.to_owned(), detail: why.to_string() });
    }

    /// Whether all was right.
    ///
    /// # Errors
    /// It was not.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }

    /// What was wrong, where something must have been.
    pub fn into_refusal(self) -> Refusal {
        Refusal::Invalid(self.0)
    }
}

/// Words on one line, such as a name.
///
/// # Errors
/// They are none, too many, or more than one line.
pub fn single_line(text: &str) -> Result<String, String> {
    let text = text.trim();
    match (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err("1 to 200 characters, on one line".to_owned()),
    }
}

/// The name in a path, if it can be a name at all.
///
/// # Errors
/// It cannot, so that nothing has it.
pub fn valid_name(text: &str) -> Result<&str, Refusal> {
    match text.chars().any(char::is_control) {
        true => Err(Refusal::NotFound("nothing has such a name".to_owned())),
        false => Ok(text),
    }
}
