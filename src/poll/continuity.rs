//! Do the UIDs of a folder still mean what they meant at the last poll? Pure.
//!
//! RFC 3501 2.3.1.1 lets a client rely on UIDVALIDITY. Servers that say nothing of it, say 0, or say another number at every
//! login exist (reference rows A4 and A7), and so do restored backups that give UIDs again under the same number (A5).

use crate::clock::Timestamp;
use crate::imap::Sample;
use crate::mail::parse;
use crate::store::{Anchor, Epoch};

/// What the server says of a folder's numbers.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// UIDVALIDITY, if it says one.
    pub uidvalidity: Option<u32>,
    /// UIDNEXT, if it says one.
    pub uidnext: Option<u32>,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The UIDs are the same.
    Same,
    /// The UIDs are others.
    Anew,
    /// The numbers do not tell; the mails themselves must.
    AskTheMails,
}

/// After so many changes in a row, a UIDVALIDITY is no longer believed.
pub const MOST_CHANGES: i64 = 3;

/// Judges by the numbers. `changes`: polls in a row at which UIDVALIDITY was another.
pub fn judge(before: &Epoch, told: Told, changes: i64) -> Verdict {
    // UIDNEXT never falls (RFC 3501 2.3.1.1), so a UID that was dealt with is about to be given to another mail.
    let falls = told.uidnext.is_some_and(|uidnext| uidnext <= before.top);
    match told.uidvalidity {
        _ if before.closed || falls => Verdict::Anew,
        Some(number) if number == before.uidvalidity => Verdict::Same,
        Some(_) if changes < MOST_CHANGES => Verdict::Anew,
        Some(_) | None => Verdict::AskTheMails,
    }
}

/// Whether the mails are the ones that we know by these UIDs; `None` where none is left that tells.
///
/// It is another mail only if neither Message-ID nor INTERNALDATE is the same: servers write the one anew, or tell the other
/// differently, and a folder that is taken for another is read anew from its start.
pub fn same_mails(known: &[Anchor], there: &[Sample]) -> Option<bool> {
    let mut any = None;
    for sample in there {
        let Some(anchor) = known.iter().find(|anchor| anchor.uid == sample.uid) else { continue };
        let id = parse::header(&sample.header).message_id;
        let same_id = id.is_some() && id == anchor.message_id;
        let dates = anchor.internal_date.map(Timestamp).zip(sample.internal_date);
        let same_date = dates.is_some_and(|(known, told)| known == told);
        if same_id || same_date {
            any = Some(true);
        } else if dates.is_some() || (id.is_some() && anchor.message_id.is_some()) {
            return Some(false);
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_believed_while_they_make_sense() {
        let before =
            Epoch { id: 1, uidvalidity: 7, cursor: 90, boundary: 50, start_decided: true, top: 100, closed: false };
        let closed = Epoch { closed: true, ..before.clone() };
        for (before, uidvalidity, uidnext, changes, wanted) in [
            (&before, Some(7), Some(101), 0, Verdict::Same),
            (&before, Some(7), None, 0, Verdict::Same),
            (&before, Some(7), Some(5000), 9, Verdict::Same),
            (&before, Some(7), Some(100), 0, Verdict::Anew),
            (&before, Some(7), Some(1), 9, Verdict::Anew),
            (&before, Some(8), Some(101), 0, Verdict::Anew),
            (&before, Some(8), Some(101), 2, Verdict::Anew),
            (&before, Some(8), Some(101), 3, Verdict::AskTheMails),
            (&before, Some(8), Some(100), 3, Verdict::Anew),
            (&before, None, Some(101), 0, Verdict::AskTheMails),
            (&before, None, None, 0, Verdict::AskTheMails),
            (&before, None, Some(100), 0, Verdict::Anew),
            (&closed, Some(7), Some(101), 0, Verdict::Anew),
            (&closed, None, None, 0, Verdict::Anew),
        ] {
            let told = Told { uidvalidity, uidnext };
            assert_eq!(judge(before, told, changes), wanted, "{told:?} after {changes} changes, {before:?}");
        }
    }

    #[test]
    fn mails_are_told_by_date_and_message_id() {
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
        for (there, wanted) in [
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
            assert_eq!(same_mails(&known, &there), wanted, "{there:?}");
        }
        let undated = [Anchor { internal_date: None, ..anchor(9, 0, "nine") }];
        assert_eq!(same_mails(&undated, &[sample(9, Some(900), "nine")]), Some(true));
        assert_eq!(same_mails(&undated, &[sample(9, Some(900), "other")]), Some(false));
    }
}
