//! The static files of the pages. They are compiled into the program and served under a path that changes with their
//! content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::http::page::error::PageError;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "mailferry.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("assets/mailferry.css"),
    },
    Asset {
        name: "mailferry.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/mailferry.js"),
    },
    // htmx 2.0.11 is under the Zero-Clause BSD licence, which requires no notice.
    Asset {
        name: "htmx.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/htmx.min.js"),
    },
    Asset { name: "icon.svg", content_type: "image/svg+xml", bytes: include_bytes!("assets/icon.svg") },
];

/// The version in the path: the first bytes of a hash of all files.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in &ASSETS {
        hash.update(asset.bytes);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

/// The path under which a file is served.
pub fn link(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// Serves a file.
pub async fn serve_file(Path((_, name)): Path<(String, String)>) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let cached = HeaderValue::from_static("public, max-age=31536000, immutable");
            ([(CONTENT_TYPE, HeaderValue::from_static(asset.content_type)), (CACHE_CONTROL, cached)], asset.bytes)
                .into_response()
        }
        None => PageError::NotFound.into_response(),
    }
}
