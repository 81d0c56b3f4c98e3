//! The signature of the Standard Webhooks specification, version 1: HMAC-SHA256 of `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Body;
use crate::clock::Timestamp;
use crate::fact::Invalid;

/// The prefix of a secret as text.
pub const PREFIX: &str = "whsec_";
/// The permitted sizes of a secret in bytes.
const SIZES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret for signing requests.
#[derive(Clone)]
pub struct SigningSecret(Hmac<Sha256>);

impl SigningSecret {
    /// Reads `whsec_` and base64.
    pub fn parse(secret: &SecretString) -> Result<Self, Invalid> {
        let encoded = secret.expose_secret().strip_prefix(PREFIX).ok_or(Invalid::WebhookSecret)?;
        let key = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| Invalid::WebhookSecret)?;
        if !SIZES.contains(&key.len()) {
            return Err(Invalid::WebhookSecret);
        }
        Hmac::new_from_slice(&key).map(Self).map_err(|_| Invalid::WebhookSecret)
    }

    fn sign(&self, id: &str, seconds: i64, body: &Body) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        body.parts().for_each(|part| mac.update(part));
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The signature headers of a request: `webhook-id`, `webhook-timestamp`, and, if there are secrets, `webhook-signature`
/// with a signature for each secret, so that a receiver may switch to the new secret at any time.
pub fn headers(secrets: &[SigningSecret], id: &str, now: Timestamp, body: &Body) -> Vec<(&'static str, String)> {
    let seconds = now.0.div_euclid(1000);
    let mut headers = vec![("webhook-id", id.to_owned()), ("webhook-timestamp", seconds.to_string())];
    if !secrets.is_empty() {
        let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, seconds, body)).collect();
        headers.push(("webhook-signature", signatures.join(" ")));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> SigningSecret {
        SigningSecret::parse(&SecretString::from(text)).map_err(|error| error.to_string()).unwrap()
    }

    #[test]
    fn the_signature_matches_the_example_of_the_specification() {
        // The division of the body into parts does not matter.
        let parts = [&["{\"test\": 2432232314}"][..], &["{\"test\":", " 2432232314}"]];
        for parts in parts {
            let body = Body::new(parts.iter().map(|part| part.to_string().into()));
            let headers = headers(&[secret(SECRET)], ID, Timestamp(1_614_265_330_999), &body);
            let wanted = [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", SIGNATURE)];
            assert_eq!(headers, wanted.map(|(name, value)| (name, value.to_owned())));
        }
    }

    #[test]
    fn two_secrets_give_two_signatures_and_no_secret_gives_none() {
        let body = Body::new(["{\"test\": 2432232314}".into()]);
        let fresh = format!("{PREFIX}{}", STANDARD.encode([7; 32]));
        let secrets = [secret(&fresh), secret(SECRET)];
        let signed = headers(&secrets, ID, Timestamp(1_614_265_330_000), &body);
        let (first, second) = signed[2].1.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != SIGNATURE && second == SIGNATURE, "{first} {second}");
        assert_eq!(headers(&[], ID, Timestamp(0), &body).len(), 2);
    }

    #[test]
    fn invalid_secrets_are_refused() {
        let short = format!("{PREFIX}{}", STANDARD.encode([0; 23]));
        let long = format!("{PREFIX}{}", STANDARD.encode([0; 65]));
        for text in
            ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", &short, &long]
        {
            assert_eq!(SigningSecret::parse(&SecretString::from(text)).err(), Some(Invalid::WebhookSecret), "{text}");
        }
        let longest = format!("{PREFIX}{}", STANDARD.encode([0; 64]));
        assert!(SigningSecret::parse(&SecretString::from(longest)).is_ok());
    }
}
