//! Detects the character U+0000, which real text never contains and PostgreSQL cannot store. The pages and the API check
//! all input with these functions first.

use axum::http::Uri;
use serde_json::Value;

/// Whether a path or a query contains U+0000.
pub fn is_in_uri(uri: &Uri) -> bool {
    uri.path_and_query().is_some_and(|text| is_in_form(text.as_str().as_bytes()))
}

/// Whether a form (`application/x-www-form-urlencoded`) contains U+0000.
pub fn is_in_form(bytes: &[u8]) -> bool {
    bytes.contains(&0) || bytes.windows(3).any(|three| three == b"%00")
}

/// Whether a name or a string value in this JSON contains U+0000.
pub fn is_in_json(bytes: &[u8]) -> bool {
    // JSON does not allow U+0000 unescaped.
    let may_be = bytes.windows(6).any(|six| six == br"\u0000");
    may_be && serde_json::from_slice(bytes).is_ok_and(|value| is_in_value(&value))
}

fn is_in_value(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(is_in_value),
        Value::Object(parts) => parts.iter().any(|(name, value)| name.contains('\0') || is_in_value(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_found_in_every_encoding() {
        for (uri, holds) in [("/a%00b", true), ("/a?q=%00", true), ("/a?q=%2500", false), ("/a%2F00", false)] {
            assert_eq!(is_in_uri(&uri.parse().unwrap()), holds, "{uri}");
        }
        for (form, holds) in [("a=b%00", true), ("a%00=b", true), ("a=\0", true), ("a=%2500", false)] {
            assert_eq!(is_in_form(form.as_bytes()), holds, "{form}");
        }
        for (json, holds) in [
            (r#"{"a":"b\u0000"}"#, true),
            (r#"{"a\u0000":1}"#, true),
            (r#"[[{"a":["\u0000"]}]]"#, true),
            (r#"{"a":"\\u0000"}"#, false),
            (r#"{"a":"\u00000"}"#, true),
            (r#"{"a":"b"}"#, false),
            ("\\u0000", false),
        ] {
            assert_eq!(is_in_json(json.as_bytes()), holds, "{json}");
        }
    }
}
