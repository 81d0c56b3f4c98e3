//! Makes repeated requests safe: a second POST with the same `Idempotency-Key` gets the first response again (IETF
//! draft-ietf-httpapi-idempotency-key-header). Responses are stored for a day. They are sealed, because the response to the
//! creation of a token contains that token.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::problem::{ApiResult, Refusal, internal};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::vault::hex;

/// The request header with the key.
pub const KEY: &str = "idempotency-key";
/// The response header that marks a stored response.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The largest response to a POST with an idempotency key, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// A request with an idempotency key.
pub struct IdempotentRequest {
    key: String,
    /// The hash of method, path and body.
    request: Vec<u8>,
}

/// A stored response.
#[derive(Serialize, Deserialize)]
struct StoredAnswer {
    headers: Vec<(String, String)>,
    body: String,
}

impl IdempotentRequest {
    /// Reads the key of a request; `None` if it has none.
    ///
    /// # Errors
    /// The key is invalid.
    pub fn from_request(parts: &Parts, body: &Bytes) -> Result<Option<Self>, Refusal> {
        let Some(key) = key(&parts.headers)? else { return Ok(None) };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut hash = Sha256::new();
        hash.update(format!("{} {path}\n", parts.method));
        hash.update(body);
        Ok(Some(Self { key, request: hash.finalize().to_vec() }))
    }

    /// Executes the request, or returns the stored response. A server error is not stored, so that the client can
    /// retry.
    pub async fn run(self, state: &State, caller: &Caller, work: impl Future<Output = Response>) -> ApiResult {
        let (store, token) = (&state.deps.store, caller.token.id);
        if !store.claim_key(token, &self.key, &self.request, state.deps.clock.now()).await? {
            return self.replay(state, token).await;
        }
        let (parts, body) = work.await.into_parts();
        let bytes = axum::body::to_bytes(body, MAX_ANSWER).await.unwrap_or_default();
        if parts.status.is_server_error() {
            store.store_response(token, &self.key, None).await?;
        } else {
            let text = self.sealed(state, token, &parts.headers, &bytes)?;
            store.store_response(token, &self.key, Some((parts.status.as_u16(), &text))).await?;
        }
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    async fn replay(&self, state: &State, token: i64) -> ApiResult {
        // The first request may have failed since the claim was refused.
        let stored = state.deps.store.stored_response(token, &self.key).await?;
        let (request, status, text) = stored.ok_or(Refusal::InProgress)?;
        if request != self.request {
            return Err(Refusal::KeyReused);
        }
        if status == 0 {
            return Err(Refusal::InProgress);
        }
        let unreadable =
            || Refusal::Conflict("this request was executed before, but its response can no longer be read".to_owned());
        let record = STANDARD_NO_PAD.decode(&text).map_err(|_| unreadable())?;
        let opened = state.deps.vault.open(&self.sealing_name(token), &record).map_err(|_| unreadable())?;
        let stored: StoredAnswer = serde_json::from_str(opened.expose_secret()).map_err(|_| unreadable())?;
        let mut response = Response::new(Body::from(stored.body));
        *response.status_mut() =
            u16::try_from(status).ok().and_then(|code| StatusCode::from_u16(code).ok()).ok_or_else(unreadable)?;
        for (name, value) in stored.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    fn sealed(&self, state: &State, token: i64, headers: &HeaderMap, body: &Bytes) -> Result<String, Refusal> {
        let stored = [CONTENT_TYPE, LOCATION, ETAG].iter().filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        });
        let stored = StoredAnswer { headers: stored.collect(), body: String::from_utf8_lossy(body).into_owned() };
        let text = SecretString::from(serde_json::to_string(&stored).map_err(|error| internal(&error))?);
        let record = state.deps.vault.seal(&self.sealing_name(token), &text).map_err(|error| internal(&error))?;
        Ok(STANDARD_NO_PAD.encode(record))
    }

    /// The record name under which the stored response is sealed.
    fn sealing_name(&self, token: i64) -> String {
        format!("answer_kept/{token}/{}", hex(&Sha256::digest(&self.key)))
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut all = headers.get_all(KEY).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| all.next().is_none());
    let text =
        text.filter(|text| (1..=255).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    let text = text.ok_or_else(|| {
        Refusal::BadRequest("Idempotency-Key must have 1 to 255 printable ASCII characters".to_owned())
    })?;
    Ok(Some(text.to_owned()))
}
