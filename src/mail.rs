//! A mail's bytes, read as far as an import needs: its hashes, its header, and what makes two arrivals the same mail. Pure.

pub mod digest;
pub mod parse;
