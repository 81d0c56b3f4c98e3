//! The public contract as snapshots in `tests/snapshots/`: help texts, command line, API, pages, metrics and audit lines. Each test
//! sets up an installation on SQLite whose mail servers are the program's own test server, and uses the binary and HTTP only, so
//! that it holds whatever is rebuilt inside.
//!
//! A snapshot that is missing, that differs or that no test takes any more fails the test. A change that is meant is accepted by
//! `INSTA_UPDATE=always cargo test --features crash-points contract::`, and the commit shows it.

mod api;
mod audit;
mod cli;
mod help;
mod installation;
mod mails;
mod masks;
mod metrics;
mod pages;
mod snapshots;
mod visitor;
