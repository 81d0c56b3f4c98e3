//! Decides whether an action is possible in the open folder, and reports obstacles.

use crate::fact::{Fact, Obstacle};
use crate::locale::Language;
use crate::mailbox::AfterImport;
use crate::poll::open_folder::OpenFolder;
use crate::poll::visit::Visit;
use crate::poll::{Blame, PollError, Retry, Step, after_import, capabilities, target};
use crate::store::EffectStep;

/// Returns the action to use in this folder, or the obstacle.
pub async fn action_in_folder(
    visit: &mut Visit<'_>,
    folder: &OpenFolder,
    action: &AfterImport,
    step: EffectStep,
) -> Result<Result<AfterImport, Obstacle>, PollError> {
    let session = &mut visit.session;
    let resolved = capabilities::resolve_action(session, action).await?.and_then(|action| {
        let obstacle = after_import::in_folder(&folder.selected, &|capability| session.can(capability), &action);
        obstacle.map_or(Ok(action), Err)
    });
    match resolved {
        // Between COPY and EXPUNGE, source and target look like one folder. The target was checked before the COPY.
        Ok(action) if matches!(step, EffectStep::Pending | EffectStep::Impossible) => {
            Ok(target_obstacle(visit, folder, &action).await?.map_or(Ok(action), Err))
        }
        resolved => Ok(resolved),
    }
}

/// Returns the obstacle if the target folder is polled itself. Each target is checked once per poll.
async fn target_obstacle(
    visit: &mut Visit<'_>,
    folder: &OpenFolder,
    action: &AfterImport,
) -> Result<Option<Obstacle>, PollError> {
    let AfterImport::Move(to) = action else { return Ok(None) };
    if !visit.tally.checked_targets.contains(to) {
        let polled = target::polled_as(&mut visit.session, to, &visit.lease.mailbox.folders).await?;
        target::reopen(&mut visit.session, folder).await?;
        if let Some(name) = polled {
            return Ok(Some(after_import::target_is_polled(to, &name)));
        }
        visit.tally.checked_targets.insert(to.clone());
    }
    Ok(None)
}

/// Records the obstacle for these UIDs, and reports it.
pub async fn record_obstacle(
    visit: &mut Visit<'_>,
    folder: &OpenFolder,
    step: EffectStep,
    uids: &[u32],
    obstacle: &Obstacle,
) -> Result<(), PollError> {
    if step == EffectStep::Pending {
        let written = visit.deps.store.record_impossible(visit.lease, folder.epoch.id, uids, obstacle).await;
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
