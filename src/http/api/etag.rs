//! ETags and If-Match (RFC 9110 8.8.3, 13.1.1).

use axum::Json;
use axum::http::header::{ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Refusal;
use crate::vault::hex;

/// The version of a resource, as an ETag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag(String);

impl EntityTag {
    /// Computes the ETag from the fields that a client can change.
    pub fn new(fields: &impl Serialize) -> Self {
        let text = serde_json::to_vec(fields).unwrap_or_default();
        let hash = hex(&Sha256::digest(&text));
        Self(format!("\"{}\"", hash.get(..32).unwrap_or_default()))
    }

    fn header(&self) -> (HeaderName, HeaderValue) {
        (ETAG, HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("\"\"")))
    }

    /// The resource with its ETag.
    pub fn respond(&self, thing: &impl Serialize) -> Response {
        ([self.header()], Json(thing)).into_response()
    }

    /// Status 201 with the new resource, its ETag and its path below the API.
    pub fn respond_created(&self, path: &str, thing: &impl Serialize) -> Response {
        let path = HeaderValue::from_str(&format!("{}{path}", super::BASE)).unwrap_or(HeaderValue::from_static("/"));
        (StatusCode::CREATED, [self.header(), (LOCATION, path)], Json(thing)).into_response()
    }
}

/// The ETags in If-Match.
pub struct IfMatch(Vec<String>);

impl IfMatch {
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Err(Refusal::NoCondition);
        }
        let each = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        Ok(Self(each.map(|etag| etag.trim().to_owned()).collect()))
    }

    /// Whether If-Match names this version, or is `*`. A weak ETag (W/"…") never matches.
    pub fn matches(&self, version: &EntityTag) -> bool {
        self.0.iter().any(|etag| etag == "*" || *etag == version.0)
    }
}

/// A name as a path segment (RFC 3986 3.3).
pub fn path_segment(name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' | b'+' => {
                path.push(char::from(byte))
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (IF_MATCH, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn if_match_names_the_version() {
        let version = EntityTag::new(&"x");
        assert!(matches!(IfMatch::from_headers(&sent(&[])), Err(Refusal::NoCondition)));
        let means = |sent: &HeaderMap| IfMatch::from_headers(sent).unwrap().matches(&version);
        for other in ["\"x\"", "", "W/\"11\""] {
            assert!(!means(&sent(&[other])), "{other}");
        }
        assert!(means(&sent(&["*"])));
        let own: &'static str = Box::leak(format!("\"x\", {}", version.0).into_boxed_str());
        assert!(means(&sent(&[own])));
        assert_ne!(version, EntityTag::new(&"y"));
    }

    #[test]
    fn a_name_is_one_path_segment() {
        assert_eq!(path_segment("jobb+å@b.se"), "jobb+%C3%A5@b.se");
        assert_eq!(path_segment("a/b c"), "a%2Fb%20c");
    }
}
