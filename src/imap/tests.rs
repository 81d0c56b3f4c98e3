//! Answers of real servers.

mod corpus;
