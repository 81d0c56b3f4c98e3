//! Response headers that tell browsers what they may do with a response.

use std::collections::BTreeSet;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

/// The Content-Security-Policy (level 3): only our own files, no inline scripts or styles, no framing, and no forms that
/// submit to another site. A submitted form may be redirected to an identity provider at one of
/// the URLs in `providers`.
pub fn content_security_policy<'a>(providers: impl Iterator<Item = &'a str>) -> HeaderValue {
    let origins = providers.filter_map(|url| Url::parse(url).ok()).map(|url| url.origin().ascii_serialization());
    let origins: BTreeSet<String> = origins.filter(|origin| origin != "null").collect();
    let origins = origins.into_iter().map(|origin| format!(" {origin}")).collect::<String>();
    let text = format!(
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'{origins}; frame-ancestors 'none'"
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Adds the security headers that the handler has not set itself.
pub async fn add(is_https: bool, csp: HeaderValue, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set_default = |name, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    set_default(CONTENT_SECURITY_POLICY, csp);
    set_default(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set_default(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // URLs contain one-time links, which must not leak to other sites. (With "no-referrer", forms would send no
    // Origin.)
    set_default(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    set_default(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if is_https {
        set_default(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
