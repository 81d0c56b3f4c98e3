//! The layer below the pages and the API: listener, host check, headers, static files, and limits.

pub mod assets;
pub mod headers;
pub mod host;
pub mod listen;
pub mod nul;
pub mod peer;
pub mod shares;
