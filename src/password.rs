//! Users' passwords, hashed with Argon2id (RFC 9106), so that the database does not reveal them.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Shorter passwords are too easy to guess (NIST SP 800-63B section 5.1.1.2).
const MIN_LENGTH: usize = 8;
/// Longer passwords are refused, since hashing them costs time.
const MAX_LENGTH: usize = 1000;

/// Limits concurrent hashing: each hash takes 19 MiB and a few hundredths of a second of CPU time.
static SLOTS: Semaphore = Semaphore::const_new(2);
/// Maximum time in the queue, which limits its length.
const MAX_QUEUE_TIME: std::time::Duration = std::time::Duration::from_secs(10);

/// Why a chosen password is not accepted, as a message id: it is too short or too long. `None` if it is accepted.
pub fn weakness(password: &SecretString) -> Option<&'static str> {
    let count = password.expose_secret().chars().count();
    match count {
        _ if count < MIN_LENGTH => Some("password-too-short"),
        _ if count > MAX_LENGTH => Some("password-too-long"),
        _ => None,
    }
}

/// Hashes a password, as a PHC string.
pub async fn hash(password: SecretString) -> Result<String, String> {
    let hashing = run_limited(move || {
        Argon2::default().hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string())
    });
    hashing.await?.map_err(|error| format!("the password cannot be hashed: {error}"))
}

/// Whether a password matches the hash. Without a hash the check takes just as long, so that timing does not reveal
/// which names exist. `None` if the queue is full.
pub async fn is_right(password: SecretString, hash: Option<String>) -> Option<bool> {
    let check = move || {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY_HASH.get_or_init(dummy_hash).clone());
        let is_match = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok());
        is_known && is_match
    };
    run_limited(check).await.ok()
}

/// Hash of a random password, for names that do not exist.
static DUMMY_HASH: OnceLock<String> = OnceLock::new();

fn dummy_hash() -> String {
    let random: [u8; 16] = rand::random();
    Argon2::default().hash_password(&random).map(|hash| hash.to_string()).unwrap_or_default()
}

/// Runs a computation on a blocking thread, within the limit.
async fn run_limited<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let permit = tokio::time::timeout(MAX_QUEUE_TIME, SLOTS.acquire()).await;
    let permit = permit
        .map_err(|_| "too many passwords are being hashed at the moment".to_owned())?
        .map_err(|error| error.to_string())?;
    let work = move || {
        // Held until the computation ends, even if the caller has gone.
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_hash_and_no_other_does() {
        let hashed = hash("rätt häst batteri".into()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        for (text, hash, right) in [
            ("rätt häst batteri", Some(hashed.clone()), true),
            ("rätt häst batterj", Some(hashed), false),
            ("", None, false),
            ("x", Some("not a hash".to_owned()), false),
        ] {
            assert_eq!(is_right(text.into(), hash).await, Some(right), "{text}");
        }
    }

    #[test]
    fn a_short_password_is_refused() {
        assert_eq!(weakness(&"sjutton".into()), Some("password-too-short"));
        assert_eq!(weakness(&"åttaåtta".into()), None);
    }
}
