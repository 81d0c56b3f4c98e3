//! Mail that reached the importing system by forwarding: it reports each one, so that the polled copy does not count twice.

use super::{Acting, Error, inboxes};
use crate::address::Address;
use crate::mail::digest::Digest;
use crate::mail::parse;
use crate::store::FirstCopy;

/// A mail as it reached the importing system.
pub struct ForwardedMail {
    /// Its header section.
    pub header: String,
    /// SHA-256 of everything after the empty line behind the header.
    pub body_sha256: [u8; 32],
}

impl ForwardedMail {
    /// The identity of the mail, by which its polled copy is recognised: fields that servers add, such as Resent-From, are not part
    /// of it. `None`: the header has neither a Message-ID nor From and Date.
    fn identity(&self) -> Option<[u8; 32]> {
        const NONE: [u8; 32] = [0; 32];
        let header = self.header.as_bytes().to_vec();
        let digest = Digest { sha256: NONE, body_sha256: self.body_sha256, size: 0, header };
        let identity = parse::identity(&digest, &parse::header(&digest.header));
        Some(identity).filter(|identity| *identity != NONE)
    }
}

/// Records that a mail came by forwarding. `None`: its header identifies no mail. As with an acknowledgement, the audit log has no
/// line of it.
///
/// # Errors
/// The inbox does not exist, or the actor may not see it.
pub async fn report(acting: Acting<'_>, inbox: &Address, mail: &ForwardedMail) -> Result<Option<FirstCopy>, Error> {
    let Some(identity) = mail.identity() else { return Ok(None) };
    let mut tx = acting.begin().await?;
    let inbox = inboxes::visible(acting, inbox, &mut tx).await?;
    let first = tx.record_forwarded(&inbox, identity, acting.now).await?;
    tx.commit().await?;
    Ok(Some(first))
}
