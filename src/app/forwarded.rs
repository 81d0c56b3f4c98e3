//! Mail that reached the importing system by forwarding: it reports each one, so that the polled copy does not count twice.

use super::{Acting, Error};
use crate::deliver::trace;
use crate::mail::digest::Digest;
use crate::mail::parse;
use crate::store::{Counts, Inbox, Report};

/// A mail as it reached the importing system.
pub struct ForwardedMail {
    /// Its header section.
    pub header: String,
    /// SHA-256 of everything after the empty line that ends the header.
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

/// The outcome of a report.
pub enum Reported {
    /// The copy that counts.
    Counts(Counts),
    /// The header identifies no mail.
    Unidentified,
    /// The inbox has several targets, so the report must name the one that delivers to the importing system.
    TargetRequired,
    /// The named target is not a target of the inbox.
    OtherTarget,
}

/// Records that a mail came by forwarding. As with an acknowledgement, the audit log gets no line. A mail that Mailferry itself
/// delivered is not a forwarded copy, and is not recorded.
///
/// # Errors
/// The inbox does not exist, or the actor may not see it.
pub async fn report(
    acting: Acting<'_>,
    inbox: &Inbox,
    mail: &ForwardedMail,
    target: Option<i64>,
) -> Result<Reported, Error> {
    let Some(identity) = mail.identity() else { return Ok(Reported::Unidentified) };
    let installation = acting.store.installation().await?;
    if !trace::own_hops(mail.header.as_bytes(), &installation.name).is_empty() {
        return Ok(Reported::Counts(Counts::Forwarded));
    }
    let mut tx = acting.begin().await?;
    let targets = tx.accepting_targets(inbox.id).await?;
    let target = match (target, targets.as_slice()) {
        (Some(target), targets) if !targets.contains(&target) => return Ok(Reported::OtherTarget),
        (Some(target), _) => Some(target),
        (None, []) => None,
        (None, [target]) => Some(*target),
        (None, _) => return Ok(Reported::TargetRequired),
    };
    let counts = tx.record_forwarded(&Report { inbox_id: inbox.id, identity, target }, acting.now).await?;
    tx.commit().await?;
    Ok(Reported::Counts(counts))
}
