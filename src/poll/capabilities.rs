//! Finds out which actions a server can do on a customer's copy, without opening a folder for changes. `mailbox check`
//! shows the same for the chosen action.

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use super::{Deps, PollError, Step, after_import, authenticate, folders, target};
use crate::fact::{EffectMethod, Obstacle, in_english};
use crate::imap::{Selected, Session};
use crate::mailbox::AfterImport;
use crate::store::Mailbox;

/// Whether a server can do one action on a copy.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Ability {
    /// The kind of action: leave, seen, keyword, move or delete.
    pub effect: &'static str,
    /// Whether the server can do the action, as far as known.
    pub possible: bool,
    /// Whether `possible` is certain. A folder lists its permanent flags reliably only when it is opened for changes.
    pub certain: bool,
    /// How the server does the action, or what prevents it.
    #[serde(serialize_with = "in_english")]
    #[schema(value_type = String)]
    pub detail: EffectMethod,
}

/// Time limit of the whole check.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Returns, for each kind of action, whether the server can do it in this folder. Opens the folder read-only.
pub async fn abilities(mailbox: &Mailbox, deps: &Deps, folder: &str) -> Result<Vec<Ability>, PollError> {
    let work = async {
        let mut session = authenticate::session(mailbox, deps).await?;
        let listed = folders::list(&mut session).await?.into_iter();
        // If no target folder has been chosen, this folder is the example target, so the list must contain it.
        let names: Vec<String> = listed.map(|offer| offer.name).chain([folder.to_owned()]).collect();
        let selected = session.select(folder, true).await;
        let selected = selected.map_err(|error| PollError::folder(Step::Select, folder, &error))?;
        let account = AccountState { mailbox, folders: names, selected };
        let mut abilities = Vec::new();
        for (effect, action) in after_import::one_action_of_each_kind(&mailbox.after_import, folder) {
            abilities.push(account.ability(&mut session, effect, &action).await?);
        }
        session.logout().await;
        Ok(abilities)
    };
    timeout(TIME_LIMIT, work).await.unwrap_or_else(|_| Err(PollError::slow("the check of the server's capabilities")))
}

/// The state of the account on the server.
struct AccountState<'a> {
    mailbox: &'a Mailbox,
    /// Names of all folders.
    folders: Vec<String>,
    /// The folder of the copies, opened read-only.
    selected: Selected,
}

impl AccountState<'_> {
    async fn ability(
        &self,
        session: &mut Session,
        effect: &'static str,
        action: &AfterImport,
    ) -> Result<Ability, PollError> {
        // A target folder that nobody has chosen yet is not checked.
        let is_chosen = self.mailbox.after_import == *action || *action == AfterImport::Delete;
        let checked =
            CheckedAction::check(session, action, if is_chosen { &self.mailbox.folders } else { &[] }).await?;
        let can = |capability: &str| session.can(capability);
        // A folder that is opened read-only may list no permanent flags. A flag that it does list is permanent in
        // either mode.
        let shows = |flags: &[String]| after_import::missing(&can, Some(flags), &checked.resolved_action).is_none();
        let is_shown = self.selected.permanent_flags.as_deref().is_some_and(shows);
        // Only opening the folder for changes shows whether it may be changed at all. Without that, an action counts as
        // certain if it changes nothing, or if the listed permanent flags suffice for it.
        let needs_nothing = checked.resolved_action == AfterImport::Leave;
        Ok(Ability {
            effect,
            possible: checked.obstacle.is_none(),
            certain: checked.obstacle.is_some() || needs_nothing || is_shown,
            detail: match checked.obstacle {
                Some(obstacle) => EffectMethod::Blocked(obstacle),
                None => after_import::describe(&can, action, &checked.resolved_action, &self.folders, is_shown),
            },
        })
    }
}

/// Returns the action that has the chosen effect on this server, or the obstacle.
pub(super) async fn resolve_action(
    session: &mut Session,
    action: &AfterImport,
) -> Result<Result<AfterImport, Obstacle>, PollError> {
    if !after_import::needs_trash(action, &|capability| session.can(capability)) {
        return Ok(Ok(action.clone()));
    }
    let trash = session.trash_folder().await.map_err(|error| PollError::imap(Step::Settle, &error))?;
    Ok(after_import::move_to_trash(trash))
}

/// An action, checked against the server's capabilities.
pub(super) struct CheckedAction {
    /// The action that has the chosen effect on this server.
    pub resolved_action: AfterImport,
    /// The obstacle, if the action is impossible.
    pub obstacle: Option<Obstacle>,
}

impl CheckedAction {
    /// Checks the action for a mailbox that polls these folders.
    pub async fn check(session: &mut Session, action: &AfterImport, polled: &[String]) -> Result<Self, PollError> {
        Ok(match resolve_action(session, action).await? {
            Ok(resolved_action) => {
                let mut obstacle = after_import::missing(&|capability| session.can(capability), None, &resolved_action);
                if let (None, AfterImport::Move(to)) = (&obstacle, &resolved_action) {
                    let name = target::polled_as(session, to, polled).await?;
                    obstacle = name.map(|name| after_import::target_is_polled(to, &name));
                }
                Self { resolved_action, obstacle }
            }
            Err(obstacle) => Self { resolved_action: action.clone(), obstacle: Some(obstacle) },
        })
    }
}
