//! The token endpoint of a well-behaved provider, for each grant type.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    answers::{get, refusal},
    http::Answer,
    tokens::{Grant, Settings, Tokens},
};
use crate::support::{oauth_client::CLIENT_ID, urlencoded::Parameters};

/// A refusal of tokens: the error and its description.
type Refusal = (&'static str, &'static str);

const NO_SECRET: Refusal = ("invalid_client", "AADSTS7000218: the client has to show its secret");

pub fn answer(settings: &Settings, tokens: &mut Tokens, request: &Parameters, is_public: bool) -> Answer {
    let granted = match get(request, "grant_type") {
        "authorization_code" => by_code(tokens, request, is_public),
        "refresh_token" => by_refresh_token(settings, tokens, request, is_public),
        "client_credentials" => by_client_credentials(settings, request, is_public),
        "urn:ietf:params:oauth:grant-type:device_code" => by_device_code(tokens, request),
        _ => Err(("unsupported_grant_type", "AADSTS70003: this kind of grant is not known")),
    };
    match granted {
        Ok((grant, family)) => issue_tokens(settings, tokens, request, &grant, family),
        Err((error, description)) => refusal(error, description),
    }
}

/// A code can be used once; a second use revokes the tokens of the first (RFC 6749, 4.1.2).
fn by_code(tokens: &mut Tokens, request: &Parameters, is_public: bool) -> Result<(Grant, Option<u64>), Refusal> {
    let family = tokens.new_family();
    let Some(code) = tokens.codes.get_mut(get(request, "code")) else {
        return Err(("invalid_grant", "AADSTS9002313: there is no such code"));
    };
    if let Some(given) = code.family.replace(family) {
        tokens.end_family(given);
        return Err(("invalid_grant", "AADSTS54005: the code was used before"));
    }
    let verifier = get(request, "code_verifier");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    if !(43..=128).contains(&verifier.len()) || challenge != get(&code.link, "code_challenge") {
        return Err(("invalid_grant", "AADSTS501481: the code_verifier does not match the code_challenge"));
    }
    if get(request, "redirect_uri") != get(&code.link, "redirect_uri") {
        return Err(("invalid_grant", "AADSTS50011: the redirect_uri is not that of the link"));
    }
    if is_public {
        return Err(NO_SECRET);
    }
    Ok((code.grant.clone(), Some(family)))
}

fn by_refresh_token(
    settings: &Settings,
    tokens: &mut Tokens,
    request: &Parameters,
    is_public: bool,
) -> Result<(Grant, Option<u64>), Refusal> {
    let token = get(request, "refresh_token");
    if is_public && !tokens.is_public(token) {
        return Err(NO_SECRET);
    }
    let (mut grant, family) =
        tokens.use_refresh_token(settings, token).map_err(|description| ("invalid_grant", description))?;
    if let Some(scope) = request.get("scope") {
        if !scope.split(' ').all(|word| grant.scope.split(' ').any(|granted| granted == word)) {
            return Err(("invalid_scope", "AADSTS70011: the scope is more than was granted"));
        }
        grant.scope.clone_from(scope);
    }
    Ok((grant, Some(family)))
}

fn by_client_credentials(
    settings: &Settings,
    request: &Parameters,
    is_public: bool,
) -> Result<(Grant, Option<u64>), Refusal> {
    if is_public {
        return Err(NO_SECRET);
    }
    let grant = Grant {
        identity: settings.identity.clone(),
        client_id: CLIENT_ID.to_owned(),
        scope: get(request, "scope").to_owned(),
        nonce: None,
        is_public,
    };
    Ok((grant, None))
}

fn by_device_code(tokens: &mut Tokens, request: &Parameters) -> Result<(Grant, Option<u64>), Refusal> {
    let grant = tokens.device_codes.remove(get(request, "device_code"));
    let grant = grant.ok_or(("invalid_grant", "AADSTS70020: there is no such device code, or it was used before"))?;
    Ok((grant, Some(tokens.new_family())))
}

fn issue_tokens(
    settings: &Settings,
    tokens: &mut Tokens,
    request: &Parameters,
    grant: &Grant,
    family: Option<u64>,
) -> Answer {
    let mut body = json!({
        "token_type": "Bearer",
        "access_token": tokens.new_access_token(settings, grant, family),
        "expires_in": settings.lifetime,
        "scope": settings.granted_scope.as_ref().unwrap_or(&grant.scope),
    });
    // With client credentials there is no login.
    if let Some(family) = family {
        let is_refreshed = get(request, "grant_type") == "refresh_token";
        if settings.rotates || !is_refreshed {
            body["refresh_token"] = tokens.new_refresh_token(grant, family).into();
        }
        if grant.scope.split(' ').any(|word| word == "openid") {
            body["id_token"] = tokens.new_id_token(settings, grant).into();
        }
    }
    Answer::json(200, body.to_string())
}
