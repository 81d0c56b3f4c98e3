//! The answers of a well-behaved provider.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    Endpoint, error_body,
    http::{Answer, Request},
    token_request,
    tokens::{Code, Grant, Settings, Tokens},
};
use crate::support::{
    oauth_client::{CLIENT_ID, CLIENT_SECRET},
    urlencoded::{Parameters, decode_one, encode},
};

pub fn answer(endpoint: Endpoint, settings: &Settings, tokens: &mut Tokens, request: &Request) -> Answer {
    let parameters = &request.parameters;
    let method = if endpoint == Endpoint::Authorize { "GET" } else { "POST" };
    if request.method != method {
        return Answer::text(405, "not with this method");
    }
    if endpoint == Endpoint::Authorize {
        return authorize(settings, tokens, parameters).unwrap_or_else(|why| Answer::text(400, why));
    }
    let is_public = match is_public(parameters) {
        Ok(is_public) => is_public,
        Err(refusal) => return refusal,
    };
    match endpoint {
        Endpoint::Authorize | Endpoint::Token => token_request::answer(settings, tokens, parameters, is_public),
        Endpoint::Device => device(settings, tokens, parameters, is_public),
        Endpoint::Revoke => {
            tokens.revoke(get(parameters, "token"));
            Answer::text(200, "")
        }
        Endpoint::Introspect => introspect(settings, tokens, parameters),
    }
}

/// The redirect for a consent that was denied, or that failed for another reason.
pub fn denied(settings: &Settings, request: &Request, error: &str, description: &str) -> Answer {
    redirect_to_application(settings, &request.parameters, &[("error", error), ("error_description", description)])
}

pub fn get<'a>(parameters: &'a Parameters, name: &str) -> &'a str {
    parameters.get(name).map_or("", String::as_str)
}

pub fn refusal(error: &str, description: &str) -> Answer {
    Answer::json(if error == "invalid_client" { 401 } else { 400 }, error_body(error, description))
}

/// Whether a client sends no secret. A wrong secret, or one sent in two ways, is refused.
fn is_public(parameters: &Parameters) -> Result<bool, Answer> {
    // Dovecot sends these two fields, empty, in addition to its header.
    let secret_in_form = parameters.get("client_secret").filter(|secret| !secret.is_empty()).cloned();
    let by_form = (get(parameters, "client_id").to_owned(), secret_in_form);
    let by_header = parameters.get("authorization").map(|header| {
        let decoded = header.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        let text = String::from_utf8_lossy(&decoded).into_owned();
        let (id, secret) = text.split_once(':').unwrap_or((&text, ""));
        (decode_one(id), Some(decode_one(secret)))
    });
    let (id, secret) = match by_header {
        Some(_) if by_form.1.is_some() => {
            return Err(refusal("invalid_request", "AADSTS900144: the client authenticates in two ways"));
        }
        Some(by_header) => by_header,
        None => by_form,
    };
    let is_known = id == CLIENT_ID && secret.as_ref().is_none_or(|secret| secret == CLIENT_SECRET);
    if !is_known {
        return Err(refusal("invalid_client", "AADSTS7000215: Invalid client secret provided."));
    }
    Ok(secret.is_none())
}

fn authorize(settings: &Settings, tokens: &mut Tokens, link: &Parameters) -> Result<Answer, &'static str> {
    let check = |is_good: bool, why: &'static str| if is_good { Ok(()) } else { Err(why) };
    check(get(link, "response_type") == "code", "response_type is not code")?;
    check(get(link, "client_id") == CLIENT_ID, "client_id is not known")?;
    check(get(link, "redirect_uri").starts_with("http"), "redirect_uri is missing")?;
    check(get(link, "code_challenge_method") == "S256", "code_challenge_method is not S256")?;
    check(get(link, "code_challenge").len() == 43, "code_challenge is not a SHA-256")?;
    check(!get(link, "state").is_empty(), "state is missing")?;
    let grant = Grant {
        identity: settings.identity.clone(),
        client_id: CLIENT_ID.to_owned(),
        scope: get(link, "scope").to_owned(),
        nonce: link.get("nonce").cloned(),
        is_public: false,
    };
    let code = tokens.new_code();
    tokens.codes.insert(code.clone(), Code { grant, link: link.clone(), family: None });
    Ok(redirect_to_application(settings, link, &[("code", &code)]))
}

/// Redirects the browser to the application.
fn redirect_to_application(settings: &Settings, link: &Parameters, more: &[(&str, &str)]) -> Answer {
    let common = [("state", get(link, "state")), ("iss", settings.issuer.as_str())];
    let pairs: Vec<String> =
        more.iter().chain(&common).map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let redirect_uri = get(link, "redirect_uri");
    let mark = if redirect_uri.contains('?') { '&' } else { '?' };
    Answer::redirect(302, format!("{redirect_uri}{mark}{}", pairs.join("&")))
}

fn device(settings: &Settings, tokens: &mut Tokens, parameters: &Parameters, is_public: bool) -> Answer {
    let (device_code, user_code) = (tokens.new_code(), format!("MAIL-{:04}", rand::random_range(0..10_000)));
    let grant = Grant {
        identity: settings.identity.clone(),
        client_id: CLIENT_ID.to_owned(),
        scope: get(parameters, "scope").to_owned(),
        nonce: None,
        is_public,
    };
    tokens.device_codes.insert(device_code.clone(), grant);
    let body = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": format!("{}/device", settings.base),
        "expires_in": 900,
        "interval": 1,
    });
    Answer::json(200, body.to_string())
}

fn introspect(settings: &Settings, tokens: &Tokens, parameters: &Parameters) -> Answer {
    let body = match tokens.grant_of(get(parameters, "token")) {
        None => json!({"active": false}),
        Some((grant, expires)) => json!({
            "active": true,
            "token_type": "Bearer",
            "sub": grant.identity,
            "username": grant.identity,
            "client_id": grant.client_id,
            "scope": grant.scope,
            "iss": settings.issuer,
            "exp": expires,
        }),
    };
    Answer::json(200, body.to_string())
}
