//! Decides how a server can do the action on a copy after its import, and what prevents the action. Pure, so that
//! `mailbox check` can show the result before the first import; `capabilities` does the I/O.

use crate::fact::{EffectMethod, Obstacle};
use crate::imap::Selected;
use crate::mailbox::AfterImport;

/// A function that tells whether the server has a capability.
pub type HasCapability<'a> = &'a dyn Fn(&str) -> bool;

/// Whether the server can do the action only by a move to the trash folder.
///
/// On Gmail, `\Deleted` and EXPUNGE remove a mail from the folder and leave it in All Mail (chatmail/core#3957). There,
/// "delete" moves the mail to the trash folder, which Gmail empties after 30 days.
pub fn needs_trash(action: &AfterImport, can: HasCapability<'_>) -> bool {
    *action == AfterImport::Delete && can("X-GM-EXT-1")
}

/// Returns a move to the trash folder, or the obstacle if the account has no trash folder.
pub fn move_to_trash(trash: Option<String>) -> Result<AfterImport, Obstacle> {
    trash.map(AfterImport::Move).ok_or(Obstacle::NoTrash)
}

/// Returns the obstacle to the action in this folder, if any.
pub fn in_folder(selected: &Selected, can: HasCapability<'_>, action: &AfterImport) -> Option<Obstacle> {
    if selected.read_only && *action != AfterImport::Leave {
        return Some(Obstacle::ReadOnly);
    }
    missing(can, selected.permanent_flags.as_deref(), action)
}

/// Returns the obstacle to a move whose target folder is polled itself, under the same or another name.
pub fn target_is_polled(target: &str, polled: &str) -> Obstacle {
    Obstacle::MoveIntoPolledFolder { target: target.to_owned(), polled: polled.to_owned() }
}

/// Returns the obstacle if the server lacks a capability or a permanent flag that the action needs.
pub fn missing(can: HasCapability<'_>, permanent_flags: Option<&[String]>, action: &AfterImport) -> Option<Obstacle> {
    // RFC 3501 7.1: without PERMANENTFLAGS every flag is stored permanently; `\*` means that new keywords can be created.
    let keeps = |flag: &str| {
        permanent_flags.is_none_or(|flags| {
            flags.iter().any(|known| known.eq_ignore_ascii_case(flag) || (known == "\\*" && !flag.starts_with('\\')))
        })
    };
    let cannot_remove = || {
        if !can("UIDPLUS") {
            return Some(Obstacle::NoUidplus);
        }
        (!keeps("\\Deleted")).then_some(Obstacle::NoDeleting)
    };
    match action {
        AfterImport::Leave => None,
        AfterImport::Seen if keeps("\\Seen") => None,
        AfterImport::Seen => Some(Obstacle::NoSeen),
        AfterImport::Keyword(name) if keeps(name) => None,
        AfterImport::Keyword(name) => Some(Obstacle::NoKeyword { keyword: name.clone() }),
        AfterImport::Move(_) if can("MOVE") => None,
        AfterImport::Move(_) | AfterImport::Delete => cannot_remove(),
    }
}

/// Describes how the server does the action. `flags_shown`: whether the folder's permanent flags are known.
pub fn describe(
    can: HasCapability<'_>,
    action: &AfterImport,
    resolved_action: &AfterImport,
    folders: &[String],
    flags_shown: bool,
) -> EffectMethod {
    match action {
        AfterImport::Leave => EffectMethod::Untouched,
        AfterImport::Seen | AfterImport::Keyword(_) if flags_shown => EffectMethod::FlagStored,
        AfterImport::Seen | AfterImport::Keyword(_) => EffectMethod::FlagMaybeStored,
        AfterImport::Move(target) => EffectMethod::Moved { by_move: can("MOVE"), is_there: folders.contains(target) },
        AfterImport::Delete if let AfterImport::Move(trash) = resolved_action => {
            EffectMethod::MovedToTrash { trash: trash.clone() }
        }
        AfterImport::Delete => EffectMethod::Expunged,
    }
}

/// Returns one action of each kind, with its name. The keyword and the target folder are the chosen ones, or else examples.
pub fn one_action_of_each_kind(chosen: &AfterImport, folder: &str) -> [(&'static str, AfterImport); 5] {
    let keyword = match chosen {
        AfterImport::Keyword(name) => name.clone(),
        _ => "Mailferry".to_owned(),
    };
    let target = match chosen {
        AfterImport::Move(target) => target.clone(),
        _ => folder.to_owned(),
    };
    [
        ("leave", AfterImport::Leave),
        ("seen", AfterImport::Seen),
        ("keyword", AfterImport::Keyword(keyword)),
        ("move", AfterImport::Move(target)),
        ("delete", AfterImport::Delete),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obstacles_are_known_before_an_attempt() {
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

    #[test]
    fn gmail_deletes_by_a_move_to_its_trash() {
        let gmail: &[&str] = &["MOVE", "UIDPLUS", "X-GM-EXT-1"];
        let other: &[&str] = &["MOVE", "UIDPLUS"];
        for (action, offered, by_move) in [
            ("delete", gmail, true),
            ("delete", other, false),
            ("move:Klart", gmail, false),
            ("seen", gmail, false),
            ("leave", gmail, false),
        ] {
            assert_eq!(
                needs_trash(&action.parse().unwrap(), &|c| offered.contains(&c)),
                by_move,
                "{action} {offered:?}"
            );
        }
        let trash = "[Gmail]/Trash".to_owned();
        assert_eq!(move_to_trash(Some(trash.clone())), Ok(AfterImport::Move(trash)));
        assert!(move_to_trash(None).is_err());
    }
}
