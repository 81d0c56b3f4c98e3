//! What a server can do with a customer's copy, told without opening a folder for changes; `mailbox check` tells the same of the
//! one thing that is chosen.

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use super::{Deps, PollError, Step, authenticate, folders, obstacle, settle, target};
use crate::imap::{Selected, Session};
use crate::mailbox::AfterImport;
use crate::store::Mailbox;

/// Whether a server can do one thing with a copy.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Ability {
    /// leave, seen, keyword, move or delete.
    pub effect: &'static str,
    /// Whether it can, as far as can be seen.
    pub possible: bool,
    /// Whether that is certain. Which flags a folder keeps shows for certain only when it is opened for changes.
    pub certain: bool,
    /// How it is done, or why it cannot be.
    pub detail: String,
}

/// All of it takes no longer.
const ALTOGETHER: Duration = Duration::from_secs(60);

/// What can be done with the copies in this folder, which is opened read-only.
pub async fn abilities(mailbox: &Mailbox, deps: &Deps, folder: &str) -> Result<Vec<Ability>, PollError> {
    let now = deps.clock.now();
    if let Some(until) = mailbox.held_until(now) {
        return Err(PollError::held(until, now));
    }
    let looking = async {
        let mut session = authenticate::session(mailbox, deps).await?;
        let listed = folders::listed(&mut session).await?.into_iter();
        // Where no folder to move to is chosen, one is named that is there.
        let names: Vec<String> = listed.map(|offer| offer.name).chain([folder.to_owned()]).collect();
        let selected = session.select(folder, true).await;
        let selected = selected.map_err(|error| PollError::folder(Step::Select, folder, &error))?;
        let mut abilities = Vec::new();
        for (effect, wish) in wishes(&mailbox.after_import, folder) {
            abilities.push(ability(&mut session, effect, &wish, mailbox, &names, &selected).await?);
        }
        session.logout().await;
        Ok(abilities)
    };
    timeout(ALTOGETHER, looking).await.unwrap_or_else(|_| Err(PollError::slow("what the server can do")))
}

/// One wish of each kind; the keyword and the folder that are chosen, where they are.
fn wishes(chosen: &AfterImport, folder: &str) -> [(&'static str, AfterImport); 5] {
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

async fn ability(
    session: &mut Session,
    effect: &'static str,
    wish: &AfterImport,
    mailbox: &Mailbox,
    folders: &[String],
    selected: &Selected,
) -> Result<Ability, PollError> {
    // A folder to move to that nobody has chosen yet is not judged.
    let is_chosen = mailbox.after_import == *wish || *wish == AfterImport::Delete;
    let judged = Judged::of(session, wish, if is_chosen { &mailbox.folders } else { &[] }).await?;
    // A folder that is opened read-only may say that it keeps no flag. That it keeps one is true of it at any time.
    let can = |capability: &str| session.can(capability);
    let shows = |flags: &[String]| obstacle::missing(&can, Some(flags), &judged.way).is_none();
    let is_shown = selected.permanent_flags.as_deref().is_some_and(shows);
    // Whether it may be changed at all shows only when the folder is opened for changes.
    let needs_nothing = judged.way == AfterImport::Leave;
    Ok(Ability {
        effect,
        possible: judged.obstacle.is_none(),
        certain: judged.obstacle.is_some() || needs_nothing || is_shown,
        detail: match judged.obstacle {
            Some(obstacle) => obstacle,
            None => how(session, wish, &judged.way, folders, is_shown),
        },
    })
}

/// A wish, judged by what the server offers.
pub(super) struct Judged {
    /// How it would be done.
    pub way: AfterImport,
    /// Why it cannot be.
    pub obstacle: Option<String>,
}

impl Judged {
    /// Judges it for a mailbox of which these folders are polled.
    pub async fn of(session: &mut Session, wish: &AfterImport, polled: &[String]) -> Result<Self, PollError> {
        Ok(match settle::way(session, wish).await? {
            Ok(way) => {
                let mut obstacle = obstacle::missing(&|capability| session.can(capability), None, &way);
                if let (None, AfterImport::Move(to)) = (&obstacle, &way) {
                    let name = target::polled_as(session, to, polled).await?;
                    obstacle = name.map(|name| obstacle::into_itself(to, &name));
                }
                Self { way, obstacle }
            }
            Err(obstacle) => Self { way: wish.clone(), obstacle: Some(obstacle) },
        })
    }
}

/// How a wish is fulfilled, in words. `flags_shown`: the folder has said which flags it keeps.
pub(super) fn how(
    session: &Session,
    wish: &AfterImport,
    way: &AfterImport,
    folders: &[String],
    flags_shown: bool,
) -> String {
    match wish {
        AfterImport::Leave => "the folder is opened read-only and nothing in it is ever changed".to_owned(),
        AfterImport::Seen | AfterImport::Keyword(_) if flags_shown => "the folder keeps it".to_owned(),
        AfterImport::Seen | AfterImport::Keyword(_) => {
            "needs a folder that keeps it, which `mailbox check --as-polled` or the first import shows".to_owned()
        }
        AfterImport::Move(target) => {
            let by = if session.can("MOVE") { "MOVE" } else { "COPY and UID EXPUNGE (UIDPLUS)" };
            let there = folders.iter().any(|name| name == target);
            let there = if there { "" } else { "; the folder is not there yet and will be created by the first move" };
            format!("by {by}, which the server has{there}")
        }
        AfterImport::Delete if let AfterImport::Move(trash) = way => {
            format!("by a move to {trash}, as Gmail deletes")
        }
        AfterImport::Delete => "by UID EXPUNGE (UIDPLUS), which the server has".to_owned(),
    }
}
