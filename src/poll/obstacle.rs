//! What stands in the way of what the customer wants to happen to a copy. Pure, so that `mailbox check` tells it before the
//! first import.

use crate::imap::Selected;
use crate::mailbox::AfterImport;

/// Why it cannot be done in this folder, if it cannot. `can` tells what the server offers.
pub fn in_folder(selected: &Selected, can: &dyn Fn(&str) -> bool, action: &AfterImport) -> Option<String> {
    if selected.read_only && *action != AfterImport::Leave {
        return Some("the server opens the folder read-only for this account".to_owned());
    }
    missing(can, selected.permanent_flags.as_deref(), action)
}

/// The folder that mail is moved to is polled, under this or another name.
pub fn into_itself(target: &str, polled: &str) -> String {
    format!("{target} is the polled folder {polled}, so that moved mail would come in again")
}

/// What the choice needs and this server does not have.
pub fn missing(can: &dyn Fn(&str) -> bool, permanent_flags: Option<&[String]>, action: &AfterImport) -> Option<String> {
    // RFC 3501 7.1: without PERMANENTFLAGS every flag can be kept; `\*` means that new keywords can be made.
    let keeps = |flag: &str| {
        permanent_flags.is_none_or(|flags| {
            flags.iter().any(|known| known.eq_ignore_ascii_case(flag) || (known == "\\*" && !flag.starts_with('\\')))
        })
    };
    let removal = || {
        match (can("UIDPLUS"), keeps("\\Deleted")) {
        (false, _) => Some(
            "the server lacks UIDPLUS, so a mail cannot be removed without removing what the customer has marked as deleted"
                .to_owned(),
        ),
        (true, false) => Some("this account may not delete in the folder".to_owned()),
        (true, true) => None,
    }
    };
    match action {
        AfterImport::Leave => None,
        AfterImport::Seen if keeps("\\Seen") => None,
        AfterImport::Seen => Some("the folder does not keep the flag \\Seen".to_owned()),
        AfterImport::Keyword(name) if keeps(name) => None,
        AfterImport::Keyword(name) => Some(format!("the folder does not keep the keyword {name}")),
        AfterImport::Move(_) if can("MOVE") => None,
        AfterImport::Move(_) | AfterImport::Delete => removal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_cannot_do_is_known_before_it_is_tried() {
        let flags = |list: &[&str]| Some(list.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
        let all = flags(&["\\Seen", "\\Deleted", "\\*"]);
        type Case<'a> = (&'a [&'a str], Option<Vec<String>>, &'a str, bool);
        let cases: &[Case<'_>] = &[
            (&[], None, "leave", true),
            (&[], all.clone(), "seen", true),
            (&[], flags(&["\\Deleted"]), "seen", false),
            (&[], all.clone(), "keyword:Kundo", true),
            (&[], flags(&["\\Seen"]), "keyword:Kundo", false),
            (&[], flags(&["kundo"]), "keyword:Kundo", true),
            (&["UIDPLUS"], all.clone(), "delete", true),
            (&[], all.clone(), "delete", false),
            (&["UIDPLUS"], flags(&["\\Seen"]), "delete", false),
            (&["UIDPLUS"], None, "delete", true),
            (&["MOVE"], all.clone(), "move:Klart", true),
            (&["UIDPLUS"], all.clone(), "move:Klart", true),
            (&[], all, "move:Klart", false),
        ];
        for (offered, permanent, action, possible) in cases {
            let obstacle = missing(&|c| offered.contains(&c), permanent.as_deref(), &action.parse().unwrap());
            assert_eq!(obstacle.is_none(), *possible, "{action} with {offered:?} {permanent:?}: {obstacle:?}");
        }
    }
}
