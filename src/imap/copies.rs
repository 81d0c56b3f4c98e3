//! COPYUID: the UIDs that the server has given to the mails that it copied or moved (RFC 4315 3).

use imap_proto::ResponseCode;
use imap_proto::rfc4315::UidSetMember;

/// Maximum number of UIDs in one answer; our commands name fewer.
const MAX_UIDS: usize = 10_000;

/// The copies in the destination folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    /// UIDVALIDITY of the destination folder.
    pub uidvalidity: u32,
    /// Pairs of an original's UID and its copy's UID.
    pub uids: Vec<(u32, u32)>,
}

impl Copies {
    /// Reads a response code. `None` if it is not COPYUID, has UIDVALIDITY 0 or too many UIDs, or if the two sets differ in
    /// length and cannot be paired.
    pub fn from_code(code: &ResponseCode<'_>) -> Option<Self> {
        let ResponseCode::CopyUid(uidvalidity, originals, copies) = code else { return None };
        let (originals, copies) = (expand(originals)?, expand(copies)?);
        let is_paired = originals.len() == copies.len() && *uidvalidity > 0;
        is_paired.then(|| Self { uidvalidity: *uidvalidity, uids: originals.into_iter().zip(copies).collect() })
    }
}

/// The UIDs of a set; `None` if there are too many, as in `1:4294967295`.
fn expand(set: &[UidSetMember]) -> Option<Vec<u32>> {
    let mut uids = Vec::new();
    for member in set {
        let (first, last) = match member {
            UidSetMember::Uid(uid) => (*uid, *uid),
            UidSetMember::UidRange(range) => (*range.start(), *range.end()),
        };
        let count = usize::try_from(last.saturating_sub(first)).ok()?;
        if first > last || uids.len().saturating_add(count) >= MAX_UIDS {
            return None;
        }
        uids.extend(first..=last);
    }
    Some(uids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Copies> {
        let line = format!("* OK [{line}] done\r\n");
        match imap_proto::Response::parse(line.as_bytes()).unwrap().1 {
            imap_proto::Response::Data { outcome, .. } => outcome.code.as_ref().and_then(Copies::from_code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn originals_are_paired_with_their_copies() {
        for (code, pairs) in [
            ("COPYUID 38505 304,319:320 3956:3958", Some(vec![(304, 3956), (319, 3957), (320, 3958)])),
            ("COPYUID 1 7 1", Some(vec![(7, 1)])),
            ("COPYUID 0 7 1", None),
            ("COPYUID 1 7:8 1", None),
            ("COPYUID 1 1:4294967295 1:4294967295", None),
            ("COPYUID 1 3:2 9:8", Some(vec![(2, 8), (3, 9)])),
            ("UIDNEXT 5", None),
        ] {
            assert_eq!(parse(code).map(|copies| copies.uids), pairs, "{code}");
        }
    }
}
