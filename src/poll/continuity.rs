//! Decides whether the UIDs of a folder are still valid. Pure.
//!
//! RFC 3501 2.3.1.1 lets a client rely on UIDVALIDITY. But some servers omit it, send 0 or send another value at each
//! login (reference rows A4 and A7), and restored backups reuse UIDs under the same UIDVALIDITY (A5).

use crate::clock::Timestamp;
use crate::imap::Sample;
use crate::mail::parse;
use crate::store::{Anchor, Epoch};

/// The numbers that the server sends for a folder.
#[derive(Debug, Clone, Copy)]
pub struct ServerNumbers {
    pub uidvalidity: Option<u32>,
    pub uidnext: Option<u32>,
}

/// Whether the old UIDs are still valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// The old UIDs still identify the same mails.
    Same,
    /// The server has renumbered the mails.
    Renumbered,
    /// The numbers are inconclusive; the mails must be compared.
    CompareMails,
}

/// A changed UIDVALIDITY proves nothing once the count of its changes reaches this number; the mails are compared instead.
pub const MAX_UIDVALIDITY_CHANGES: i64 = 3;

/// Compares the server's numbers with those of the last epoch. `changes`: number of polls with a changed UIDVALIDITY,
/// minus those without.
pub fn compare_numbers(before: &Epoch, server: ServerNumbers, changes: i64) -> Continuity {
    // UIDNEXT never decreases (RFC 3501 2.3.1.1). If it has decreased, the server will give a known UID to a second mail.
    let decreases = server.uidnext.is_some_and(|uidnext| uidnext <= before.top);
    match server.uidvalidity {
        _ if before.closed || decreases => Continuity::Renumbered,
        Some(number) if number == before.uidvalidity => Continuity::Same,
        Some(_) if changes < MAX_UIDVALIDITY_CHANGES => Continuity::Renumbered,
        Some(_) | None => Continuity::CompareMails,
    }
}

/// Whether the mails on the server are the known ones; `None` if none of them can be compared.
///
/// A mail is different only if neither its Message-ID nor its INTERNALDATE matches: servers rewrite Message-IDs and
/// vary INTERNALDATEs, and after a wrong "different" the whole folder is read again.
pub fn same_mails(known: &[Anchor], on_server: &[Sample]) -> Option<bool> {
    let mut result = None;
    for sample in on_server {
        let Some(anchor) = known.iter().find(|anchor| anchor.uid == sample.uid) else { continue };
        let id = parse::header(&sample.header).message_id;
        let same_id = id.is_some() && id == anchor.message_id;
        let dates = anchor.internal_date.map(Timestamp).zip(sample.internal_date);
        let same_date = dates.is_some_and(|(known, server)| known == server);
        if same_id || same_date {
            result = Some(true);
        } else if dates.is_some() || (id.is_some() && anchor.message_id.is_some()) {
            return Some(false);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uidvalidity_and_uidnext_are_trusted_while_they_are_consistent() {
        let before = Epoch { id: 1, cursor: 90, start_decided: true, top: 100, ..Epoch::not_stored(7, 50) };
        let closed = Epoch { closed: true, ..before.clone() };
        for (before, uidvalidity, uidnext, changes, expected) in [
            (&before, Some(7), Some(101), 0, Continuity::Same),
            (&before, Some(7), None, 0, Continuity::Same),
            (&before, Some(7), Some(5000), 9, Continuity::Same),
            (&before, Some(7), Some(100), 0, Continuity::Renumbered),
            (&before, Some(7), Some(1), 9, Continuity::Renumbered),
            (&before, Some(8), Some(101), 0, Continuity::Renumbered),
            (&before, Some(8), Some(101), 2, Continuity::Renumbered),
            (&before, Some(8), Some(101), 3, Continuity::CompareMails),
            (&before, Some(8), Some(100), 3, Continuity::Renumbered),
            (&before, None, Some(101), 0, Continuity::CompareMails),
            (&before, None, None, 0, Continuity::CompareMails),
            (&before, None, Some(100), 0, Continuity::Renumbered),
            (&closed, Some(7), Some(101), 0, Continuity::Renumbered),
            (&closed, None, None, 0, Continuity::Renumbered),
        ] {
            let server = ServerNumbers { uidvalidity, uidnext };
            assert_eq!(
                compare_numbers(before, server, changes),
                expected,
                "{server:?} after {changes} changes, {before:?}"
            );
        }
    }

    #[test]
    fn mails_are_compared_by_date_and_message_id() {
        let anchor = |uid, date: i64, id: &str| Anchor {
            uid,
            internal_date: Some(date),
            message_id: Some(format!("<{id}>")).filter(|_| !id.is_empty()),
        };
        let sample = |uid, date: Option<i64>, id: &str| Sample {
            uid,
            internal_date: date.map(Timestamp),
            header: if id.is_empty() { b"\r\n".to_vec() } else { format!("Message-ID: <{id}>\r\n\r\n").into_bytes() },
        };
        let known = [anchor(9, 900, "nine"), anchor(8, 800, "eight"), anchor(7, 700, "")];
        for (on_server, expected) in [
            (vec![sample(9, Some(900), "nine"), sample(8, Some(800), "eight"), sample(7, Some(700), "")], Some(true)),
            (vec![sample(8, Some(800), "eight")], Some(true)),
            (vec![sample(8, None, "eight")], Some(true)),
            (vec![], None),
            (vec![sample(5, Some(500), "five")], None),
            (vec![sample(9, Some(900), "nine"), sample(8, Some(801), "other")], Some(false)),
            (vec![sample(9, Some(900), "written anew")], Some(true)),
            (vec![sample(9, Some(901), "nine")], Some(true)),
            (vec![sample(7, Some(701), "new")], Some(false)),
            (vec![sample(7, None, "new")], None),
            (vec![sample(9, None, "other")], Some(false)),
        ] {
            assert_eq!(same_mails(&known, &on_server), expected, "{on_server:?}");
        }
        let undated = [Anchor { internal_date: None, ..anchor(9, 0, "nine") }];
        assert_eq!(same_mails(&undated, &[sample(9, Some(900), "nine")]), Some(true));
        assert_eq!(same_mails(&undated, &[sample(9, Some(900), "other")]), Some(false));
    }
}
