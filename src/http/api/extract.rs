//! Extractors for body, path and query. Error messages name the invalid field but do not repeat its value, which may be
//! a misplaced password.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;
use serde_path_to_error::{Path as JsonPath, Segment};

use super::problem::{FieldProblem, Refusal};
use crate::http::server::nul;

/// The largest request body, in bytes.
const MAX_BODY: usize = 64 << 10;

/// The maximum number of invalid fields that are removed from one body to find further ones. Each removal takes another
/// attempt to parse the body.
const MAX_PROBLEMS: usize = 20;

/// Reads the whole body, up to [`MAX_BODY`].
pub async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let content_length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if content_length.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Refusal::TooLarge);
    }
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| {
        let is_too_large = std::error::Error::source(&error).is_some_and(|source| source.is::<LengthLimitError>());
        if is_too_large { Refusal::TooLarge } else { Refusal::BadRequest("the body is incomplete".to_owned()) }
    })
}

/// The JSON Pointer of the first field that holds a secret: its name contains `password` or `secret`, and its value is
/// not null.
pub fn secret_field(bytes: &[u8]) -> Option<String> {
    fn find_in(value: &Value, path: &str) -> Option<String> {
        match value {
            Value::Array(items) => {
                items.iter().zip(0..).find_map(|(item, index)| find_in(item, &format!("{path}/{index}")))
            }
            Value::Object(fields) => fields.iter().find_map(|(name, value)| {
                let path = format!("{path}/{name}");
                let is_secret = ["password", "secret"].iter().any(|word| name.contains(word));
                if is_secret && !value.is_null() { Some(path) } else { find_in(value, &path) }
            }),
            _ => None,
        }
    }
    find_in(&serde_json::from_slice(bytes).ok()?, "")
}

/// A body that is parsed later, so that a missing resource is reported before an invalid body.
pub struct JsonBody {
    bytes: Bytes,
    is_json: bool,
}

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let is_json = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json);
        Ok(Self { bytes: read_body(&parts.headers, body).await?, is_json })
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "application/merge-patch+json"
}

impl JsonBody {
    /// Parses the body.
    ///
    /// # Errors
    /// The media type is wrong, the body is not valid JSON, or it does not have the form of `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        if !self.is_json {
            return Err(Refusal::MediaType);
        }
        if nul::is_in_json(&self.bytes) {
            return Err(Refusal::nul());
        }
        let mut from = serde_json::Deserializer::from_slice(&self.bytes);
        let read = serde_path_to_error::deserialize(&mut from).map_err(|error| self.refusal::<T>(&error))?;
        from.end().map_err(|_| Refusal::BadRequest("there is data after the JSON".to_owned()))?;
        Ok(read)
    }

    fn refusal<T: DeserializeOwned>(&self, error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
        let inner = error.inner();
        match inner.classify() {
            Category::Data => Refusal::Invalid(match serde_json::from_slice(&self.bytes).map(field_problems::<T>) {
                Ok(problems) if !problems.is_empty() => problems,
                // The problem may be a duplicate field, which the parsed `Value` no longer contains.
                _ => vec![field_problem(error)],
            }),
            _ => Refusal::BadRequest(format!(
                "the body is not valid JSON (line {}, column {})",
                inner.line(),
                inner.column()
            )),
        }
    }

    /// Parses an optional body; without one, returns the default.
    pub fn parse_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Refusal> {
        if self.bytes.is_empty() { Ok(T::default()) } else { self.parse() }
    }
}

/// Returns the fields that keep a body from being a `T`. serde reports only one of them at a time, so each reported field
/// is removed before the next attempt. Stops at a missing field, because that may be one that was removed.
fn field_problems<T: DeserializeOwned>(mut body: Value) -> Vec<FieldProblem> {
    let mut problems: Vec<FieldProblem> = Vec::new();
    while let Err(error) = serde_path_to_error::deserialize::<_, T>(&body) {
        let problem = field_problem(&error);
        let is_missing = problem.detail.starts_with("missing field");
        let is_removable = !is_missing && problems.len() < MAX_PROBLEMS && remove_field(&mut body, &problem.pointer);
        if !is_missing || problems.is_empty() {
            problems.push(problem);
        }
        if !is_removable {
            break;
        }
    }
    problems
}

/// Removes the field at this pointer, or the field that contains the array element at this pointer. Returns false if there
/// is no such field.
fn remove_field(body: &mut Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
    match body.pointer_mut(parent) {
        Some(Value::Object(fields)) => fields.remove(&name.replace("~1", "/").replace("~0", "~")).is_some(),
        Some(_) => remove_field(body, parent),
        None => false,
    }
}

fn field_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldProblem {
    FieldProblem { pointer: pointer(error.path()), detail: expectation(&error.inner().to_string()) }
}

/// The part of a serde error message that says what was expected, without the received value.
fn expectation(sentence: &str) -> String {
    let sentence = sentence.rsplit_once(" at line ").map_or(sentence, |(sentence, _)| sentence);
    match sentence.rsplit_once(", expected ") {
        Some((message, _)) if message.starts_with("unknown field") => "unknown field".to_owned(),
        Some((_, wanted)) => format!("expected {wanted}"),
        None if sentence.starts_with("missing field") || sentence.starts_with("duplicate field") => sentence.to_owned(),
        None => "invalid value".to_owned(),
    }
}

/// The JSON Pointer (RFC 6901) of this path.
fn pointer(path: &JsonPath) -> String {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

/// Deserialises a field that can be omitted (unchanged) or null (removed), as in JSON Merge Patch (RFC 7396).
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// Path parameters. A segment that cannot be parsed results in status 404.
pub struct PathParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(value) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::NotFound("nothing has this name".to_owned()))?;
        Ok(Self(value))
    }
}

/// Query parameters.
pub struct QueryParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(value) = Query::from_request_parts(parts, state).await.map_err(|_| {
            Refusal::BadRequest("a query parameter is unknown, missing, repeated or malformed".to_owned())
        })?;
        Ok(Self(value))
    }
}
