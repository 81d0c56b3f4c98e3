//! People's passwords: hashed with Argon2id (RFC 9106), so that who reads the database does not read them.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Fewer characters are too easy to guess (NIST SP 800-63B 5.1.1.2).
const SHORTEST: usize = 8;
/// More are no password, and hashing them costs.
const LONGEST: usize = 1000;

/// Each takes 19 MiB and a core for some hundredths of a second: so many at once, the others wait.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// Nobody waits longer for his turn: a queue without end would be everybody's.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// What is wrong with a password that somebody has chosen, as the name of its text.
pub fn weakness(password: &SecretString) -> Option<&'static str> {
    let count = password.expose_secret().chars().count();
    match count {
        _ if count < SHORTEST => Some("password-too-short"),
        _ if count > LONGEST => Some("password-too-long"),
        _ => None,
    }
}

/// Hashes a password, as a PHC string.
pub async fn hash(password: SecretString) -> Result<String, String> {
    let hashing = aside(move || {
        Argon2::default().hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string())
    });
    hashing.await?.map_err(|error| format!("the password cannot be hashed: {error}"))
}

/// Whether a password is the one that was hashed. Where there is none, as long is spent: how long it takes must not tell which
/// names there are. `None`: too many wait.
pub async fn is_right(password: SecretString, hash: Option<String>) -> Option<bool> {
    let check = move || {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.get_or_init(nobodys).clone());
        let right = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok());
        is_known && right
    };
    aside(check).await.ok()
}

/// A hash that no password is compared with in earnest.
static NOBODYS: OnceLock<String> = OnceLock::new();

fn nobodys() -> String {
    let random: [u8; 16] = rand::random();
    Argon2::default().hash_password(&random).map(|hash| hash.to_string()).unwrap_or_default()
}

/// Runs what takes a core for a while where nobody else waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let permit = tokio::time::timeout(LONGEST_WAIT, AT_ONCE.acquire()).await;
    let permit = permit.map_err(|_| "too many at once".to_owned())?.map_err(|error| error.to_string())?;
    let work = move || {
        // Also where nobody waits any more, its place is taken until it is done.
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_no_other_is() {
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
    fn what_is_too_short_is_told() {
        assert_eq!(weakness(&"sjutton".into()), Some("password-too-short"));
        assert_eq!(weakness(&"åttaåtta".into()), None);
    }
}
