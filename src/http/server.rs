//! What every request passes before a page or the API sees it, and what every answer leaves by.

pub mod assets;
pub mod headers;
pub mod host;
pub mod listen;
pub mod nul;
pub mod peer;
pub mod shares;
