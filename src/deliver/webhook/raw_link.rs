//! A link that lets its holder download one raw mail for a short time.
//!
//! The token is a vault record, encrypted and authenticated with the key of this installation, so that nobody else can forge or change
//! it. The vault also handles key rotation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::RawLink;
use crate::clock::Timestamp;
use crate::vault::{Vault, VaultError};

/// The vault's name for these records; a record of another kind cannot be used as a link.
const ROW: &str = "link/raw-mail";
/// Maximum length of a token; real tokens are shorter.
const MAX_TOKEN: usize = 300;

/// The right to download a raw mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawAccess {
    /// The message's number.
    pub message: i64,
    /// The organisation of its inbox.
    pub organisation: i64,
    pub expires_at: Timestamp,
}

impl RawAccess {
    /// Creates the link below the public base URL.
    ///
    /// # Errors
    /// The key file cannot be read.
    pub fn link(self, base_url: &str, vault: &Vault) -> Result<RawLink, VaultError> {
        let Self { message, organisation, expires_at } = self;
        let sealed = vault.seal(ROW, &SecretString::from(format!("{message} {organisation} {}", expires_at.0)))?;
        let url = format!("{}/d/{}", base_url.trim_end_matches('/'), URL_SAFE_NO_PAD.encode(sealed));
        Ok(RawLink { url, expires_at })
    }

    /// The access that a token grants now, if any.
    pub fn verify(token: &str, vault: &Vault, now: Timestamp) -> Option<Self> {
        let record = Some(token).filter(|token| token.len() <= MAX_TOKEN);
        let record = record.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok())?;
        let opened = vault.open(ROW, &record).ok()?;
        let mut numbers = opened.expose_secret().split(' ').map_while(|number| number.parse().ok());
        let (message, organisation, expires_at) = (numbers.next()?, numbers.next()?, Timestamp(numbers.next()?));
        (now < expires_at).then_some(Self { message, organisation, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Location;

    fn vault() -> (Vault, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Location::File { path: folder.path().join("key"), create: true }.open(false).unwrap();
        (vault, folder)
    }

    #[test]
    fn a_link_opens_its_mail_until_it_expires() {
        let ((vault, _folder), now) = (vault(), Timestamp(1_000));
        let access = RawAccess { message: 7, organisation: 1, expires_at: Timestamp(2_000) };
        let link = access.link("https://mail.kundo.se/", &vault).unwrap();
        let token = link.url.strip_prefix("https://mail.kundo.se/d/").unwrap();
        assert_eq!(RawAccess::verify(token, &vault, now), Some(access));
        assert_eq!(RawAccess::verify(token, &vault, Timestamp(2_000)), None, "expired");
        let (other, _folder) = super::tests::vault();
        assert_eq!(RawAccess::verify(token, &other, now), None, "of another installation");
        for at in 0..token.len() {
            let mut changed = token.to_owned().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(RawAccess::verify(&String::from_utf8(changed).unwrap(), &vault, now), None, "byte {at}");
        }
        let (_, without_first) = token.split_at(1);
        for token in ["", "A", "å", without_first, &"A".repeat(10_000)] {
            assert_eq!(RawAccess::verify(token, &vault, now), None, "{token}");
        }
        let foreign = vault.seal("mailbox/1/password", &SecretString::from("7 1 2000")).unwrap();
        assert_eq!(RawAccess::verify(&URL_SAFE_NO_PAD.encode(foreign), &vault, now), None, "a record of another kind");
    }
}
