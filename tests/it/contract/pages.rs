//! Every page as HTML, and the answers to the forms.

mod forms;
mod shown;

/// The key of an invitation or a link: the part of the text after this prefix.
pub fn key<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next().unwrap_or_default()
}
