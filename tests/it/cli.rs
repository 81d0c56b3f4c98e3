//! The command line as a contract: names, exit codes, JSON keys.

mod configuration;
mod discover;
mod json;
mod keys;
mod mailboxes;
mod usage;
