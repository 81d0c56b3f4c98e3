//! The public contract as snapshots in `tests/snapshots/`: help texts, command line, API, pages, metrics and audit lines. Each test
//! sets up an installation on SQLite whose mail servers are the program's own test server, and uses the binary and HTTP only, so
//! that it does not depend on the code inside.
//!
//! A snapshot that is missing, that differs or that no test takes any more fails the test. Accept an intended change with
//! `INSTA_UPDATE=always cargo test --features crash-points contract::`, and commit it.

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
