//! What the customer wants to happen to a copy: how it is done on a server, and what stands in the way. Pure, so that
//! `mailbox check` tells it before the first import; `capabilities` asks the server.

use crate::fact::{EffectMethod, Obstacle};
use crate::imap::Selected;
use crate::mailbox::AfterImport;

/// Whether a server offers something.
pub type Can<'a> = &'a dyn Fn(&str) -> bool;

/// Whether a wish is done by a move to the trash folder.
///
/// With Gmail, `\Deleted` and EXPUNGE take a mail out of the folder and leave it in All Mail (chatmail/core#3957): there, to
/// delete is to move to the trash folder, which Gmail empties after 30 days.
pub fn needs_trash(wish: &AfterImport, can: Can<'_>) -> bool {
    *wish == AfterImport::Delete && can("X-GM-EXT-1")
}

/// How it is done with this trash folder, or why it cannot be.
pub fn by_trash(trash: Option<String>) -> Result<AfterImport, Obstacle> {
    trash.map(AfterImport::Move).ok_or(Obstacle::NoTrash)
}

/// Why it cannot be done in this folder, if it cannot.
pub fn in_folder(selected: &Selected, can: Can<'_>, action: &AfterImport) -> Option<Obstacle> {
    if selected.read_only && *action != AfterImport::Leave {
        return Some(Obstacle::ReadOnly);
    }
    missing(can, selected.permanent_flags.as_deref(), action)
}

/// The folder that mail is moved to is polled, under this or another name.
pub fn into_itself(target: &str, polled: &str) -> Obstacle {
    Obstacle::MoveIntoPolledFolder { target: target.to_owned(), polled: polled.to_owned() }
}

/// What the choice needs and this server does not have.
pub fn missing(can: Can<'_>, permanent_flags: Option<&[String]>, action: &AfterImport) -> Option<Obstacle> {
    // RFC 3501 7.1: without PERMANENTFLAGS every flag can be kept; `\*` means that new keywords can be made.
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

/// How a wish is fulfilled. `flags_shown`: the folder has said which flags it keeps.
pub fn how(can: Can<'_>, wish: &AfterImport, way: &AfterImport, folders: &[String], flags_shown: bool) -> EffectMethod {
    match wish {
        AfterImport::Leave => EffectMethod::Untouched,
        AfterImport::Seen | AfterImport::Keyword(_) if flags_shown => EffectMethod::FlagStored,
        AfterImport::Seen | AfterImport::Keyword(_) => EffectMethod::FlagMaybeStored,
        AfterImport::Move(target) => EffectMethod::Moved { by_move: can("MOVE"), is_there: folders.contains(target) },
        AfterImport::Delete if let AfterImport::Move(trash) = way => {
            EffectMethod::MovedToTrash { trash: trash.clone() }
        }
        AfterImport::Delete => EffectMethod::Expunged,
    }
}

/// One wish of each kind; the keyword and the folder that are chosen, where they are.
pub fn one_of_each(chosen: &AfterImport, folder: &str) -> [(&'static str, AfterImport); 5] {
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

    #[test]
    fn gmail_deletes_by_a_move_to_its_trash() {
        let gmail: &[&str] = &["MOVE", "UIDPLUS", "X-GM-EXT-1"];
        let other: &[&str] = &["MOVE", "UIDPLUS"];
        for (wish, offered, by_move) in [
            ("delete", gmail, true),
            ("delete", other, false),
            ("move:Klart", gmail, false),
            ("seen", gmail, false),
            ("leave", gmail, false),
        ] {
            assert_eq!(needs_trash(&wish.parse().unwrap(), &|c| offered.contains(&c)), by_move, "{wish} {offered:?}");
        }
        let trash = "[Gmail]/Trash".to_owned();
        assert_eq!(by_trash(Some(trash.clone())), Ok(AfterImport::Move(trash)));
        assert!(by_trash(None).is_err());
    }
}
