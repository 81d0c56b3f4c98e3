//! Reads a mail as far as an import needs it: hashes, header fields, and an identity by which copies are recognised.
//! Pure.

pub mod auto_submitted;
pub mod bounce;
pub mod digest;
pub mod fields;
pub mod parse;
