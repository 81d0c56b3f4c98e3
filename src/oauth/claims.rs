//! What stands in a token, read without checking its signature: for a diagnosis, and for ID tokens that came from the token
//! endpoint itself over TLS, which may stand in for the signature (OpenID Connect Core 3.1.3.7, item 6).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The claims that we look at. Microsoft's access tokens have `scp`, `roles`, `oid`, `appid`, `tid`, `upn`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// Who issued it.
    pub iss: Option<String>,
    /// For whom it is.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// Until when, in seconds since 1970.
    pub exp: Option<f64>,
    /// What may be done with it for a person.
    pub scp: Option<String>,
    /// What the application may do by itself.
    #[serde(deserialize_with = "one_or_many")]
    pub roles: Vec<String>,
    /// The tenant.
    pub tid: Option<String>,
    /// The object id of the person or, in an app-only token, of the service principal.
    pub oid: Option<String>,
    /// The application's id.
    pub appid: Option<String>,
    /// Whose it is, in the words of different providers.
    pub email: Option<String>,
    /// Microsoft's login name in ID tokens.
    pub preferred_username: Option<String>,
    /// Microsoft's login name in access tokens.
    pub upn: Option<String>,
    /// The same in old ones.
    pub unique_name: Option<String>,
    /// The subject; an address at some providers.
    pub sub: Option<String>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        Many(Vec<String>),
        Other(IgnoredAny),
    }
    Ok(match Written::deserialize(from)? {
        Written::One(text) => vec![text],
        Written::Many(texts) => texts,
        Written::Other(_) => Vec::new(),
    })
}

impl Claims {
    /// Reads a JSON Web Token (RFC 7519); `None` if it is none, as Google's access tokens are not.
    pub fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The addresses that this token may be of, in lower case, the surest first. At Microsoft, whose tokens name a tenant, `email` is
    /// whatever the admin of that tenant has written there, and no login name.
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
