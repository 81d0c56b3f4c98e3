//! A program that uses the API.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{
    snapshots::Snapshots,
    visitor::{Answer, Visitor},
};
use crate::support::mailferry::Serve;

/// The base path of the API.
pub const BASE: &str = "/api/v1";

/// A program, and the record of its requests and their answers.
pub struct Program<'a> {
    visitor: Visitor<'a>,
    record: String,
    /// Method and path of every request that succeeded.
    pub done: BTreeSet<String>,
}

impl<'a> Program<'a> {
    pub fn new(serve: &'a Serve, token: &str) -> Self {
        Self { visitor: Visitor::with_token(serve, token), record: String::new(), done: BTreeSet::new() }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], Value::Null)
    }

    /// Sends a GET request for each path; one path per line.
    pub fn get_all(&mut self, paths: &str) -> &mut Self {
        for path in paths.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.get(path);
        }
        self
    }

    pub fn post(&mut self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, &[], body)
    }

    pub fn patch(&mut self, path: &str, body: Value) -> Answer {
        self.ask("PATCH", path, &[("if-match", "*")], body)
    }

    pub fn delete(&mut self, path: &str) -> Answer {
        self.ask("DELETE", path, &[("if-match", "*")], Value::Null)
    }

    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let sent = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, headers, &sent)
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let answer = self.visitor.ask(method, &format!("{BASE}{path}"), headers, body);
        let header_lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let sent = if body.is_empty() { String::new() } else { format!("{body}\n") };
        self.record.push_str(&format!("{method} {path}\n{header_lines}{sent}\n{}\n\n\n", answer.shown()));
        if answer.status < 300 {
            self.done.insert(format!("{method} {}", path.split('?').next().unwrap_or_default()));
        }
        answer
    }

    pub fn take(&mut self, name: &str, snapshots: &mut Snapshots) {
        snapshots.take(name, &std::mem::take(&mut self.record));
    }
}
