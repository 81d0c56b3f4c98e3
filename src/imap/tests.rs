//! Tests with answers of real servers.

mod corpus;
