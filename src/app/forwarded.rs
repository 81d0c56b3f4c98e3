//! Reports of the importing system about mail that reached it by forwarding, so that the polled copy is not delivered as well.

use super::{Acting, Error};
use crate::deliver::trace;
use crate::mail::digest::Digest;
use crate::mail::parse;
use crate::store::{CountedCopy, ForwardReport, Inbox};

/// A forwarded mail, as the importing system received it.
pub struct ForwardedMail {
    /// The header section.
    pub header: String,
    /// SHA-256 of everything after the empty line that ends the header.
    pub body_sha256: [u8; 32],
}

impl ForwardedMail {
    /// The identity by which the polled copy is recognised. It does not depend on fields that servers add, such as Resent-From. `None` if
    /// the header has neither a Message-ID nor From and Date.
    fn identity(&self) -> Option<[u8; 32]> {
        const NONE: [u8; 32] = [0; 32];
        let header = self.header.as_bytes().to_vec();
        let digest = Digest { sha256: NONE, body_sha256: self.body_sha256, size: 0, header };
        let identity = parse::identity(&digest, &parse::header(&digest.header));
        Some(identity).filter(|identity| *identity != NONE)
    }
}

/// The outcome of a report.
pub enum ReportOutcome {
    /// The report was accepted. Holds which copy counts: the forwarded or the polled one.
    Recorded(CountedCopy),
    /// The header does not identify the mail.
    Unidentified,
    /// The inbox has several targets, so the report must name the one that delivers to the importing system.
    TargetRequired,
    /// The named target is not a target of the inbox.
    UnknownTarget,
}

/// Records that a mail arrived by forwarding. Like an acknowledgement, a report has no audit line. A mail that Mailferry
/// itself delivered is not a forwarded copy and is not recorded.
///
/// # Errors
/// The inbox does not exist, or the actor may not see it.
pub async fn report(
    acting: Acting<'_>,
    inbox: &Inbox,
    mail: &ForwardedMail,
    target: Option<i64>,
) -> Result<ReportOutcome, Error> {
    let Some(identity) = mail.identity() else { return Ok(ReportOutcome::Unidentified) };
    let installation = acting.store.installation().await?;
    if !trace::own_hops(mail.header.as_bytes(), &installation.name).is_empty() {
        return Ok(ReportOutcome::Recorded(CountedCopy::Forwarded));
    }
    let mut tx = acting.begin().await?;
    let targets = tx.accepting_targets(inbox.id).await?;
    let target = match (target, targets.as_slice()) {
        (Some(target), targets) if !targets.contains(&target) => return Ok(ReportOutcome::UnknownTarget),
        (Some(target), _) => Some(target),
        (None, []) => None,
        (None, [target]) => Some(*target),
        (None, _) => return Ok(ReportOutcome::TargetRequired),
    };
    let counted = tx.record_forwarded(&ForwardReport { inbox_id: inbox.id, identity, target }, acting.now).await?;
    tx.commit().await?;
    Ok(ReportOutcome::Recorded(counted))
}
