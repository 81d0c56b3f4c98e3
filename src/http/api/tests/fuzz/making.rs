//! Generates requests from the OpenAPI document: valid ones, and ones with one or more errors.

use axum::body::Body;
use axum::http::Request;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};

use super::super::{INBOX, MAILBOX, RECIPIENT, SECRET, THEIRS, USER, World};
use crate::http::api::etag::path_segment;

/// An operation of the OpenAPI document.
pub struct Operation {
    pub name: String,
    pub method: String,
    path: String,
    pub described: Value,
}

/// All operations; those that remove something come last.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            all.push(Operation {
                name: format!("{method} {path}"),
                method,
                path: path.clone(),
                described: described.clone(),
            });
        }
    }
    all.sort_by_key(|operation| operation.method == "DELETE");
    all
}

/// Texts that are valid in some field.
const RIGHT: [&str; 17] = [
    INBOX,
    MAILBOX,
    RECIPIENT,
    THEIRS,
    USER,
    "ny@mail.kundo.se",
    "anna",
    "spare",
    "now",
    "2026-01-31",
    "60s",
    "leave",
    "seen",
    "move:Klart",
    "imap.lillestad.se",
    "microsoft",
    "INBOX",
];

/// Texts that are invalid in some field.
const WRONG: [&str; 16] = [
    "",
    " ",
    "\0",
    "a\0b",
    "å",
    "\u{202e}\u{feff}",
    "' OR 1=1 --",
    "%",
    "../..",
    "a@b@c",
    "\r\nX-Y: z",
    "null",
    "-1",
    "99999999999999999999",
    "{}",
    "\u{1f4e7}",
];

fn text(random: &mut StdRng) -> String {
    match random.random_range(0..10) {
        0..6 => (*RIGHT.choose(random).unwrap()).to_owned(),
        6..9 => (*WRONG.choose(random).unwrap()).to_owned(),
        _ => "x".repeat(random.random_range(0..3000)),
    }
}

fn number(random: &mut StdRng) -> Value {
    let all = [
        json!(0),
        json!(1),
        json!(-1),
        json!(50),
        json!(143),
        json!(65536),
        json!(4294967296_u64),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(1e300),
    ];
    all.choose(random).unwrap().clone()
}

fn any(random: &mut StdRng, depth: usize) -> Value {
    match random.random_range(0..7) {
        0 => Value::Null,
        1 => json!(random.random_bool(0.5)),
        2 => number(random),
        3 if depth < 4 => json!([any(random, depth + 1), any(random, depth + 1)]),
        4 if depth < 4 => json!({ text(random): any(random, depth + 1) }),
        _ => json!(text(random)),
    }
}

fn resolve_reference<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(at) => document.pointer(at.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// A value of this schema, each part of which is invalid with probability `broken`.
fn value(schema: &Value, document: &Value, broken: f64, random: &mut StdRng) -> Value {
    if random.random_bool(broken) {
        return any(random, 0);
    }
    let schema = resolve_reference(schema, document);
    if let Some(all) = schema["oneOf"].as_array() {
        return value(all.choose(random).unwrap(), document, broken, random);
    }
    if let Some(all) = schema["enum"].as_array() {
        return all.choose(random).unwrap().clone();
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    match kinds.choose(random).and_then(Value::as_str).unwrap_or_default() {
        "object" => {
            let mut parts = Map::new();
            for (name, part) in schema["properties"].as_object().into_iter().flatten() {
                let is_needed = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
                if random.random_bool(if is_needed { 1.0 - broken } else { 0.3 }) {
                    let of_part = match name.as_str() {
                        "inbox" if random.random_bool(0.6) => json!(INBOX),
                        "address" if random.random_bool(0.6) => {
                            json!(format!("n{}@b.se", random.random_range(0..1000)))
                        }
                        "password" if random.random_bool(0.6) => json!(SECRET),
                        _ => value(part, document, broken, random),
                    };
                    parts.insert(name.clone(), of_part);
                }
            }
            if random.random_bool(broken) {
                parts.insert(text(random), any(random, 0));
            }
            Value::Object(parts)
        }
        "array" => (0..random.random_range(0..4)).map(|_| value(&schema["items"], document, broken, random)).collect(),
        "integer" | "number" => match random.random_range(0..3) {
            0 => number(random),
            _ => json!(random.random_range(1..200)),
        },
        "boolean" => json!(random.random_bool(0.5)),
        "null" => Value::Null,
        _ => json!(text(random)),
    }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Operation {
    /// A request, and its description for error messages.
    pub fn request(&self, document: &Value, world: &World, random: &mut StdRng) -> (Request<Body>, String) {
        let broken = *[0.0, 0.0, 0.1, 0.4].choose(random).unwrap();
        let (mut path, mut query, mut headers) = (self.path.clone(), Vec::new(), Vec::new());
        for parameter in self.described["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            match parameter["in"].as_str().unwrap() {
                "path" => {
                    let text = match random.random_range(0..4) {
                        0 => text(random),
                        _ => self.right(name, world),
                    };
                    // An empty segment would result in a different path.
                    let text = if text.is_empty() { "-".to_owned() } else { text };
                    path = path.replace(&format!("{{{name}}}"), &path_segment(&text));
                }
                "query" if parameter["required"] == true || random.random_bool(0.3) => {
                    let value = value(&parameter["schema"], document, broken, random);
                    query.push((name.to_owned(), bare(&value)));
                }
                "header" if random.random_bool(0.7) => {
                    let all = ["*", "*", "\"x\"", "W/\"x\"", "", "k1", "k2", "k3", "\u{7f}"];
                    headers.push((name.to_owned(), (*all.choose(random).unwrap()).to_owned()));
                }
                _ => {}
            }
        }
        if random.random_bool(broken / 2.0) {
            query.push((text(random), text(random)));
        }
        let question = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish();
        let uri = format!("/api/v1{path}{}{question}", if question.is_empty() { "" } else { "?" });
        let mut request =
            Request::builder().method(self.method.as_str()).uri(&uri).header("authorization", "Bearer all-write");
        for (name, value) in &headers {
            if let Ok(value) = axum::http::HeaderValue::from_bytes(value.as_bytes()) {
                request = request.header(name, value);
            }
        }
        let body = self.body(document, broken, random);
        let content_type = match random.random_bool(broken / 4.0) {
            true => *["text/plain", "application/xml", "", "application/json;", "multipart/form-data"]
                .choose(random)
                .unwrap(),
            false => "application/json",
        };
        let description = format!("{uri} {headers:?} {content_type} {}", String::from_utf8_lossy(&body));
        (request.header("content-type", content_type).body(Body::from(body)).unwrap(), description)
    }

    /// A valid value for this path parameter.
    fn right(&self, name: &str, world: &World) -> String {
        match (name, self.path.starts_with("/inboxes"), self.path.starts_with("/users")) {
            ("id", ..) if self.path.contains("/tests/") => world.test.to_string(),
            ("id", ..) => world.message.to_string(),
            ("address", true, _) | ("inbox", ..) => INBOX.to_owned(),
            ("address", ..) => MAILBOX.to_owned(),
            ("recipient", ..) => RECIPIENT.to_owned(),
            ("name", _, true) => USER.to_owned(),
            _ => "spare".to_owned(),
        }
    }

    fn body(&self, document: &Value, broken: f64, random: &mut StdRng) -> Vec<u8> {
        let schema = &self.described["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            return if random.random_bool(0.9) { Vec::new() } else { text(random).into_bytes() };
        }
        let mut body = value(schema, document, broken, random);
        // Discover servers only for domains that need no network.
        if self.path == "/discover"
            && let Some((name, _)) = body["address"].as_str().and_then(|address| address.split_once('@'))
        {
            body["address"] = json!(format!("{name}@{}", ["gmail.com", "localhost"].choose(random).unwrap()));
        }
        let mut body = body.to_string().into_bytes();
        match random.random_range(0..40) {
            0 => body.truncate(body.len() / 2),
            1 => body.extend(b"\xff\x00"),
            2 => body = b"[".repeat(20_000),
            3 => body = vec![b' '; 70_000],
            4 => body = b"{\"address\":1e999}".to_vec(),
            5 => body = Vec::new(),
            _ => {}
        }
        body
    }
}

/// Checks that a value matches a schema.
pub fn check_schema(value: &Value, schema: &Value, document: &Value) -> Result<(), String> {
    let schema = resolve_reference(schema, document);
    if let Some(all) = schema["oneOf"].as_array() {
        let is_one = all.iter().any(|one| check_schema(value, one, document).is_ok());
        return if is_one { Ok(()) } else { Err(format!("{value} is none of {schema}")) };
    }
    for one in schema["allOf"].as_array().into_iter().flatten() {
        check_schema(value, one, document)?;
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let is_kind = kinds.iter().any(|kind| match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => true,
    });
    if !is_kind {
        return Err(format!("{value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return Err(format!("{value} is none of {}", schema["enum"]));
    }
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        let Some(of_part) = value.get(name) else {
            let is_needed = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            if value.is_object() && is_needed {
                return Err(format!("{name} is missing"));
            }
            continue;
        };
        check_schema(of_part, part, document).map_err(|why| format!("{name}: {why}"))?;
    }
    for item in value.as_array().into_iter().flatten() {
        check_schema(item, &schema["items"], document)?;
    }
    Ok(())
}
