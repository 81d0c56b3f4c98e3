//! What real servers have sent.

mod corpus;
