//! The plumbing below pages and API: listener, host check, headers, static files, and limits.

pub mod assets;
pub mod headers;
pub mod host;
pub mod listen;
pub mod nul;
pub mod peer;
pub mod shares;
