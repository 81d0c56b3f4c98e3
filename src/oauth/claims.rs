//! The claims of a token, read without verifying its signature: for diagnosis, and for ID tokens received from the
//! token endpoint over TLS, which may replace the signature check (OpenID Connect Core 3.1.3.7, item 6).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The claims that we use. Microsoft's access tokens have `scp`, `roles`, `oid`, `appid`, `tid`, `upn`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// Issuer.
    pub iss: Option<String>,
    /// Audiences.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// Expiry, in seconds since 1970.
    pub exp: Option<f64>,
    /// Scopes of a delegated token.
    pub scp: Option<String>,
    /// Roles of an app-only token.
    #[serde(deserialize_with = "one_or_many")]
    pub roles: Vec<String>,
    /// Tenant ID, at Microsoft.
    pub tid: Option<String>,
    /// Object ID of the person or, in an app-only token, of the service principal.
    pub oid: Option<String>,
    /// Client ID of the application.
    pub appid: Option<String>,
    /// The person's address, at some providers.
    pub email: Option<String>,
    /// Microsoft's login name in ID tokens.
    pub preferred_username: Option<String>,
    /// Microsoft's login name in access tokens.
    pub upn: Option<String>,
    /// Microsoft's login name in old tokens.
    pub unique_name: Option<String>,
    /// The subject; an address at some providers.
    pub sub: Option<String>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
        Other(IgnoredAny),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
        OneOrMany::Other(_) => Vec::new(),
    })
}

impl Claims {
    /// Parses a JSON Web Token (RFC 7519); `None` for an opaque token, such as Google's access tokens.
    pub fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The addresses of the token's owner, in lower case, most reliable first. `email` is ignored in Microsoft's
    /// tokens, which have a tenant: the tenant's admin can write anything into this claim, and it is not a login name.
    pub fn identities(&self) -> Vec<String> {
        let mut found = Vec::new();
        let email = if self.tid.is_some() { &None } else { &self.email };
        for claim in [&self.preferred_username, &self.upn, &self.unique_name, email, &self.sub] {
            let address = claim.as_deref().filter(|text| text.contains('@')).map(str::to_lowercase);
            found.extend(address.filter(|address| !found.contains(address)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_are_read_in_each_providers_form() {
        let microsoft = token(
            r#"{"aud":"https://outlook.office.com","scp":"IMAP.AccessAsUser.All","upn":"Anna@Lillestad.se","exp":1800000000,
            "roles":["IMAP.AccessAsApp"],"sub":"x1"}"#,
        );
        let claims = Claims::read(&microsoft).unwrap();
        assert_eq!(claims.aud, ["https://outlook.office.com"]);
        assert_eq!((claims.roles.len(), claims.identities()), (1, vec!["anna@lillestad.se".to_owned()]));
        let many =
            Claims::read(&token(r#"{"aud":["a","b"],"sub":"jobb@lillestad.se","email":"jobb@lillestad.se"}"#)).unwrap();
        assert_eq!((many.aud.len(), many.identities().len()), (2, 1));
        for opaque in ["", "ya29.a0AfH6SMB", "a.b", "a.%.c", &token("[]"), &token(r#"{"aud":{},"roles":7}"#)] {
            assert!(Claims::read(opaque).is_none_or(|claims| claims.aud.is_empty()), "{opaque}");
        }
    }
}
