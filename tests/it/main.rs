//! Mailferry as its operator uses it: the binary on the command line, with real and scripted mail servers.
//!
//! `kit.rs` tests that these servers do what the other tests rely on.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test may panic, and it runs outside of the program: it has its own clock and connections"
)]

mod support;

mod api;
mod cli;
mod clients;
mod contract;
mod crash;
mod crash_points;
mod credential_entry;
mod deliver;
mod dovecot;
mod dry_run;
mod durability;
mod failures;
mod faults;
mod fidelity;
mod greenmail;
mod hostile;
mod kit;
mod logins;
mod network;
mod oauth;
mod page;
mod quirks;
mod sharing;
mod stopping;
