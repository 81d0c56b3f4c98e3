//! What a server can do with a customer's copy, asked without opening a folder for changes; `mailbox check` tells the same of
//! the one thing that is chosen.

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use super::{Deps, PollError, Step, after_import, authenticate, folders, target};
use crate::fact::{EffectMethod, Obstacle, in_english};
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
    #[serde(serialize_with = "in_english")]
    #[schema(value_type = String)]
    pub detail: EffectMethod,
}

/// All of it takes no longer.
const ALTOGETHER: Duration = Duration::from_secs(60);

/// What can be done with the copies in this folder, which is opened read-only.
pub async fn abilities(mailbox: &Mailbox, deps: &Deps, folder: &str) -> Result<Vec<Ability>, PollError> {
    let looking = async {
        let mut session = authenticate::session(mailbox, deps).await?;
        let listed = folders::listed(&mut session).await?.into_iter();
        // Where no folder to move to is chosen, one is named that is there.
        let names: Vec<String> = listed.map(|offer| offer.name).chain([folder.to_owned()]).collect();
        let selected = session.select(folder, true).await;
        let selected = selected.map_err(|error| PollError::folder(Step::Select, folder, &error))?;
        let looked = Looked { mailbox, folders: names, selected };
        let mut abilities = Vec::new();
        for (effect, wish) in after_import::one_of_each(&mailbox.after_import, folder) {
            abilities.push(looked.ability(&mut session, effect, &wish).await?);
        }
        session.logout().await;
        Ok(abilities)
    };
    timeout(ALTOGETHER, looking).await.unwrap_or_else(|_| Err(PollError::slow("what the server can do")))
}

/// What is known of the account.
struct Looked<'a> {
    mailbox: &'a Mailbox,
    /// Its folders, by name.
    folders: Vec<String>,
    /// The one that is polled.
    selected: Selected,
}

impl Looked<'_> {
    async fn ability(
        &self,
        session: &mut Session,
        effect: &'static str,
        wish: &AfterImport,
    ) -> Result<Ability, PollError> {
        // A folder to move to that nobody has chosen yet is not judged.
        let is_chosen = self.mailbox.after_import == *wish || *wish == AfterImport::Delete;
        let judged = Judged::of(session, wish, if is_chosen { &self.mailbox.folders } else { &[] }).await?;
        let can = |capability: &str| session.can(capability);
        // A folder that is opened read-only may say that it keeps no flag. That it keeps one is true of it at any time.
        let shows = |flags: &[String]| after_import::missing(&can, Some(flags), &judged.way).is_none();
        let is_shown = self.selected.permanent_flags.as_deref().is_some_and(shows);
        // Whether it may be changed at all shows only when the folder is opened for changes.
        let needs_nothing = judged.way == AfterImport::Leave;
        Ok(Ability {
            effect,
            possible: judged.obstacle.is_none(),
            certain: judged.obstacle.is_some() || needs_nothing || is_shown,
            detail: match judged.obstacle {
                Some(obstacle) => EffectMethod::Blocked(obstacle),
                None => after_import::how(&can, wish, &judged.way, &self.folders, is_shown),
            },
        })
    }
}

/// How a wish is done on this server, or why it cannot be.
pub(super) async fn way(session: &mut Session, wish: &AfterImport) -> Result<Result<AfterImport, Obstacle>, PollError> {
    if !after_import::needs_trash(wish, &|capability| session.can(capability)) {
        return Ok(Ok(wish.clone()));
    }
    let trash = session.trash_folder().await.map_err(|error| PollError::imap(Step::Settle, &error))?;
    Ok(after_import::by_trash(trash))
}

/// A wish, judged by what the server offers.
pub(super) struct Judged {
    /// How it would be done.
    pub way: AfterImport,
    /// Why it cannot be.
    pub obstacle: Option<Obstacle>,
}

impl Judged {
    /// Judges it for a mailbox of which these folders are polled.
    pub async fn of(session: &mut Session, wish: &AfterImport, polled: &[String]) -> Result<Self, PollError> {
        Ok(match way(session, wish).await? {
            Ok(way) => {
                let mut obstacle = after_import::missing(&|capability| session.can(capability), None, &way);
                if let (None, AfterImport::Move(to)) = (&obstacle, &way) {
                    let name = target::polled_as(session, to, polled).await?;
                    obstacle = name.map(|name| after_import::into_itself(to, &name));
                }
                Self { way, obstacle }
            }
            Err(obstacle) => Self { way: wish.clone(), obstacle: Some(obstacle) },
        })
    }
}
