//! Whether a wish can be fulfilled in the open folder, and what is told where it cannot.

use crate::fact::{Fact, Obstacle};
use crate::locale::Language;
use crate::mailbox::AfterImport;
use crate::poll::open_folder::OpenFolder;
use crate::poll::visit::Visit;
use crate::poll::{Blame, PollError, Retry, Step, after_import, capabilities, target};
use crate::store::EffectStep;

/// How a wish is done in this folder, or why it cannot be.
pub async fn way_here(
    visit: &mut Visit<'_>,
    folder: &OpenFolder,
    wish: &AfterImport,
    step: EffectStep,
) -> Result<Result<AfterImport, Obstacle>, PollError> {
    let session = &mut visit.session;
    let way = capabilities::way(session, wish).await?.and_then(|action| {
        let obstacle = after_import::in_folder(&folder.selected, &|capability| session.can(capability), &action);
        obstacle.map_or(Ok(action), Err)
    });
    match way {
        // Half of a COPY looks as if the two were one; it was judged before it was begun.
        Ok(action) if matches!(step, EffectStep::Pending | EffectStep::Impossible) => {
            Ok(obstacle_at_target(visit, folder, &action).await?.map_or(Ok(action), Err))
        }
        way => Ok(way),
    }
}

/// The obstacle where the target is polled itself; looked for once in a visit.
async fn obstacle_at_target(
    visit: &mut Visit<'_>,
    folder: &OpenFolder,
    action: &AfterImport,
) -> Result<Option<Obstacle>, PollError> {
    let AfterImport::Move(to) = action else { return Ok(None) };
    if !visit.tally.sure_targets.contains(to) {
        let polled = target::polled_as(&mut visit.session, to, &visit.lease.mailbox.folders).await?;
        target::reopen(&mut visit.session, folder).await?;
        if let Some(name) = polled {
            return Ok(Some(after_import::into_itself(to, &name)));
        }
        visit.tally.sure_targets.insert(to.clone());
    }
    Ok(None)
}

/// Writes down that it cannot be done, and tells.
pub async fn impossible(
    visit: &mut Visit<'_>,
    folder: &OpenFolder,
    step: EffectStep,
    uids: &[u32],
    obstacle: &Obstacle,
) -> Result<(), PollError> {
    if step == EffectStep::Pending {
        let written = visit.deps.store.effects_impossible(visit.lease, folder.epoch.id, uids, obstacle).await;
        written.map_err(|error| PollError::store(Step::Settle, &error))?;
    }
    let message = format!(
        "folder {}: the mail is imported, its copies are left as they were: {}",
        folder.name,
        obstacle.words(Language::English)
    );
    visit.tally.unsettled.get_or_insert(PollError::new(Step::Settle, Blame::Mailbox, Retry::Person, message));
    Ok(())
}
