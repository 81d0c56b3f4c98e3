//! The codes and tokens that the provider has issued.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::urlencoded::Parameters;

#[derive(Clone)]
pub struct Settings {
    /// The base URL of the endpoints.
    pub base: String,
    pub identity: String,
    pub lifetime: u64,
    pub issuer: String,
    pub granted_scope: Option<String>,
    pub rotates: bool,
    pub overlap: u32,
    pub access_tokens: AccessTokens,
    pub id_token_claims: Value,
}

#[derive(Clone)]
pub enum AccessTokens {
    Random,
    Fixed(String),
    Jwt(Value),
}

impl Settings {
    pub fn new(identity: &str, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            identity: identity.to_owned(),
            lifetime: 3600,
            issuer: base.to_owned(),
            granted_scope: None,
            rotates: true,
            overlap: 0,
            access_tokens: AccessTokens::Random,
            id_token_claims: json!({}),
        }
    }
}

/// All secrets, in the order in which they were issued.
#[derive(Clone, Debug, Default)]
pub struct Issued {
    pub access_tokens: Vec<String>,
    pub refresh_tokens: Vec<String>,
    pub id_tokens: Vec<String>,
    /// The codes of consents and of devices.
    pub codes: Vec<String>,
}

/// A consent, or an application's own right: the identity, the application and the scope.
#[derive(Clone)]
pub struct Grant {
    pub identity: String,
    pub client_id: String,
    pub scope: String,
    pub nonce: Option<String>,
    /// Whether the application sent no secret.
    pub is_public: bool,
}

/// The consent behind a code.
pub struct Code {
    pub grant: Grant,
    /// The parameters of the authorization request.
    pub link: Parameters,
    /// The family of the tokens that the code was exchanged for; `None` until it is used.
    pub family: Option<u64>,
}

struct Access {
    grant: Grant,
    family: Option<u64>,
    expires: u64,
}

struct Refresh {
    grant: Grant,
    family: u64,
    /// The number of uses left since the token was replaced; `None` if it was not replaced.
    further_uses: Option<u32>,
}

#[derive(Default)]
pub struct Tokens {
    pub codes: BTreeMap<String, Code>,
    pub device_codes: BTreeMap<String, Grant>,
    pub issued: Issued,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    families: u64,
    revoked_families: BTreeSet<u64>,
}

impl Tokens {
    /// Starts a family, which all tokens from one consent form, and returns its number.
    pub fn new_family(&mut self) -> u64 {
        self.families += 1;
        self.families
    }

    pub fn end_family(&mut self, family: u64) {
        self.revoked_families.insert(family);
    }

    pub fn new_access_token(&mut self, settings: &Settings, grant: &Grant, family: Option<u64>) -> String {
        let expires = now() + settings.lifetime;
        let token = match &settings.access_tokens {
            AccessTokens::Random => random("access"),
            AccessTokens::Fixed(text) => text.clone(),
            AccessTokens::Jwt(claims) => {
                let usual = json!({"sub": grant.identity, "scp": grant.scope, "jti": random("jti")});
                jwt(settings, usual, claims)
            }
        };
        self.access.insert(token.clone(), Access { grant: grant.clone(), family, expires });
        self.issued.access_tokens.push(token.clone());
        token
    }

    pub fn new_refresh_token(&mut self, grant: &Grant, family: u64) -> String {
        let token = random("refresh");
        self.refresh.insert(token.clone(), Refresh { grant: grant.clone(), family, further_uses: None });
        self.issued.refresh_tokens.push(token.clone());
        token
    }

    pub fn new_id_token(&mut self, settings: &Settings, grant: &Grant) -> String {
        let usual = json!({
            "aud": grant.client_id,
            "sub": grant.identity,
            "email": grant.identity,
            "preferred_username": grant.identity,
            "nonce": grant.nonce,
        });
        let token = jwt(settings, usual, &settings.id_token_claims);
        self.issued.id_tokens.push(token.clone());
        token
    }

    pub fn new_code(&mut self) -> String {
        let code = random("code");
        self.issued.codes.push(code.clone());
        code
    }

    /// Whether a refresh token was issued to an application without a secret.
    pub fn is_public(&self, refresh_token: &str) -> bool {
        self.refresh.get(refresh_token).is_some_and(|refresh| refresh.grant.is_public)
    }

    /// Uses a refresh token; returns its grant and family, or why it is refused. One use too many ends the family, because
    /// the token may be stolen.
    pub fn use_refresh_token(&mut self, settings: &Settings, token: &str) -> Result<(Grant, u64), &'static str> {
        let Some(refresh) = self.refresh.get_mut(token) else {
            return Err("AADSTS9002313: there is no such refresh token");
        };
        if self.revoked_families.contains(&refresh.family) {
            return Err("AADSTS50173: the refresh token was given up or taken back");
        }
        match refresh.further_uses {
            Some(0) => {
                self.revoked_families.insert(refresh.family);
                return Err("AADSTS50173: the refresh token was used before, so its whole family is taken back");
            }
            Some(left) => refresh.further_uses = Some(left - 1),
            None if settings.rotates => refresh.further_uses = Some(settings.overlap),
            None => {}
        }
        Ok((refresh.grant.clone(), refresh.family))
    }

    /// The grant of a valid access token, and its expiry.
    pub fn grant_of(&self, token: &str) -> Option<(&Grant, u64)> {
        let access = self.access.get(token)?;
        let is_good =
            now() < access.expires && !access.family.is_some_and(|family| self.revoked_families.contains(&family));
        is_good.then_some((&access.grant, access.expires))
    }

    /// Revokes a refresh token with its whole family, or an access token alone (RFC 7009, 2.1).
    pub fn revoke(&mut self, token: &str) {
        self.access.remove(token);
        if let Some(refresh) = self.refresh.get(token) {
            self.revoked_families.insert(refresh.family);
        }
    }
}

/// Formats a JWT with a random signature: a client that got the token directly from the provider need not check the signature.
fn jwt(settings: &Settings, usual: Value, more: &Value) -> String {
    let now = now();
    let mut claims = json!({"iss": settings.issuer, "iat": now, "exp": now + settings.lifetime});
    for (name, value) in [usual.as_object(), more.as_object()].into_iter().flatten().flatten() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "test"});
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

pub fn random(what: &str) -> String {
    format!("{what}-{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
