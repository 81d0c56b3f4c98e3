//! Compares the server's answers about a folder in one session. Pure.

use crate::cause::Trouble;
use crate::imap::ListForm;

/// The server's answers about the same mails in one session.
#[derive(Debug, Clone, Copy)]
pub struct Evidence {
    /// The first UID of the listed range, which extends to the end of the folder.
    pub first: u32,
    /// EXISTS: the lowest number since the folder was opened.
    pub exists: u32,
    /// UIDNEXT at SELECT.
    pub uidnext: Option<u32>,
    /// The highest listed UID.
    pub listed: Option<u32>,
    /// The form of the list.
    pub form: ListForm,
}

/// Two answers of one session that cannot both be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// EXISTS counts more mails than the list has.
    Exists { exists: u32, listed: u64 },
    /// FETCH names a mail that SEARCH leaves out.
    Fetch { highest: u32, listed: u32 },
    /// STATUS counts mails in a folder that is empty when it is opened.
    Status { messages: u32 },
}

impl Contradiction {
    /// Adds the numbers as arguments of the cause's texts.
    pub fn add_to(self, trouble: Trouble) -> Trouble {
        let (kind, one, other) = match self {
            Self::Exists { exists, listed } => ("exists", u64::from(exists), listed),
            Self::Fetch { highest, listed } => ("fetch", highest.into(), listed.into()),
            Self::Status { messages } => ("status", messages.into(), 0),
        };
        trouble.with_arg("kind", kind).with_arg("one", one.to_string()).with_arg("other", other.to_string())
    }
}

impl Evidence {
    /// Whether a mail may be missing from the list, so that FETCH must check the highest UID.
    pub fn is_doubtful(&self) -> bool {
        let listed = self.listed.unwrap_or(0);
        // A range without an end always includes the last mail, so an empty list is wrong if there are mails.
        let says_none = self.exists > 0 && self.listed.is_none() && self.form.always_lists_last();
        // UIDNEXT has passed UIDs that are not in the list: their mails were deleted, or the list omits them.
        let has_gap = self.uidnext.is_none_or(|next| next > self.first && next > listed.saturating_add(1));
        says_none || (has_gap && (self.uidnext.is_some() || self.listed.is_none()))
    }

    /// Returns the contradiction between the list and the highest UID by FETCH, if any.
    pub fn against_fetch(&self, highest: Option<u32>) -> Option<Contradiction> {
        let listed = self.listed.unwrap_or(0);
        match highest {
            Some(highest) if highest >= self.first && highest > listed => {
                Some(Contradiction::Fetch { highest, listed })
            }
            Some(_) => None,
            None if self.exists > 0 && self.listed.is_none() => {
                Some(Contradiction::Exists { exists: self.exists, listed: 0 })
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First UID, EXISTS, UIDNEXT, highest listed UID.
    type Case = (u32, u32, Option<u32>, Option<u32>);

    fn evidence((first, exists, uidnext, listed): Case, form: ListForm) -> Evidence {
        Evidence { first, exists, uidnext, listed, form }
    }

    #[test]
    fn consistent_responses_are_accepted_immediately() {
        for case in [
            (1, 0, Some(1), None),    // a new folder
            (1, 3, Some(4), Some(3)), // all listed
            (4, 3, Some(4), Some(3)), // nothing new; the star names the last mail
            (4, 0, Some(4), None),    // everything moved away
            (4, 5, Some(6), Some(5)), // two new mails
            (1, 2, Some(4), Some(9)), // more than announced (reference row A14)
            (4, 3, None, Some(3)),    // no UIDNEXT (A2)
        ] {
            let evidence = evidence(case, ListForm::Star);
            assert!(!evidence.is_doubtful(), "{case:?}");
        }
    }

    #[test]
    fn responses_that_may_hide_a_mail_are_checked_again() {
        for case in [
            (1, 185, Some(186), None), // SEARCH lists nothing (GNU imap4d)
            (186, 186, Some(187), None),
            (4, 3, Some(4), None),    // nothing, not even the last mail
            (4, 3, Some(9), Some(3)), // UIDNEXT has passed five UIDs
            (4, 6, Some(9), Some(5)),
            (1, 0, Some(3), None), // EXISTS says 0, UIDNEXT says that there were two
            (1, 0, None, None),
        ] {
            assert!(evidence(case, ListForm::Star).is_doubtful(), "{case:?}");
        }
        assert!(!evidence((4, 3, Some(4), None), ListForm::Largest).is_doubtful(), "this form may list nothing");
    }

    #[test]
    fn the_highest_uid_shows_whether_a_search_is_complete() {
        let case = |first, exists, uidnext, listed| evidence((first, exists, uidnext, listed), ListForm::Star);
        for (evidence, highest, wanted) in [
            (case(186, 186, Some(187), None), Some(186), Some(Contradiction::Fetch { highest: 186, listed: 0 })),
            (case(186, 185, Some(186), None), Some(185), None), // below what is asked for
            (case(4, 3, Some(9), Some(3)), Some(3), None),      // the others were deleted
            (case(4, 6, Some(9), Some(5)), Some(8), Some(Contradiction::Fetch { highest: 8, listed: 5 })),
            (case(1, 185, Some(186), None), None, Some(Contradiction::Exists { exists: 185, listed: 0 })),
            (case(1, 0, Some(3), None), None, None),
            (case(1, 0, Some(3), None), Some(2), Some(Contradiction::Fetch { highest: 2, listed: 0 })),
        ] {
            assert_eq!(evidence.against_fetch(highest), wanted, "{evidence:?} {highest:?}");
        }
    }
}
