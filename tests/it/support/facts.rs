//! The names that the tests share, and small helpers for JSON.

use serde_json::Value;

/// The customer's address.
pub const JOBB: &str = "jobb@lillestad.se";
/// The inbox that the mail of `JOBB` goes to.
pub const JOBB_INBOX: &str = "jobb.lillestad.se@mail.kundo.se";
/// A second address of the same customer.
pub const ANSOKAN: &str = "ansokan@lillestad.se";
pub const ANSOKAN_INBOX: &str = "ansokan.lillestad.se@mail.kundo.se";

/// The string under a key; empty if there is none.
pub fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

/// The objects that have this string under the key.
pub fn with<'a>(objects: &'a [Value], key: &str, value: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| text(object, key) == value).collect()
}

/// The keys of an object, sorted.
pub fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
