//! The folders of an account, for whoever chooses one and for `mailbox check`.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::{Deps, PollError, Step, authenticate};
use crate::imap::{Listed, Session, SpecialUse};
use crate::store::Mailbox;

/// A folder that may be chosen.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FolderOffer {
    /// Its name as people read it.
    pub name: String,
    /// How many mails it has; `None` where the server does not say, or was not asked.
    pub messages: Option<u32>,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// Whether it can be opened.
    pub selectable: bool,
}

/// Folders whose mails are counted; more would take long and be read by nobody.
pub const MOST_COUNTED: usize = 200;
/// No count is begun later.
const COUNTING: Duration = Duration::from_secs(30);
/// All of it, from the first look-up of a name on.
const ALTOGETHER: Duration = Duration::from_secs(60);

/// Lists the folders of a mailbox with their counts, as far as that goes in a minute. Opens none.
pub async fn folders(mailbox: &Mailbox, deps: &Deps) -> Result<Vec<FolderOffer>, PollError> {
    let mut offers = None;
    let listing = async {
        let mut session = authenticate::session(mailbox, deps).await?;
        let offers = offers.insert(listed(&mut session).await?);
        count(&mut session, offers, &mut |_| {}).await?;
        session.logout().await;
        Ok(())
    };
    let ended = timeout_at(Instant::now() + ALTOGETHER, listing).await;
    match (offers, ended) {
        (_, Ok(Err(error))) => Err(error),
        (Some(offers), _) => Ok(offers), // without the counts that did not come in time
        (None, _) => Err(PollError::slow("the list of folders")),
    }
}

/// The folders by name, not counted yet. INBOX is always there, listed or not (reference row C13).
pub(super) async fn listed(session: &mut Session) -> Result<Vec<FolderOffer>, PollError> {
    let listed = session.folders().await.map_err(|error| PollError::imap(Step::Select, &error))?;
    let is_gmail = session.can("X-GM-EXT-1");
    let mut offers: Vec<FolderOffer> = listed.into_iter().map(|listed| offer(listed, is_gmail)).collect();
    if !offers.iter().any(|offer| offer.name.eq_ignore_ascii_case("INBOX")) {
        let inbox = Listed { name: "INBOX".to_owned(), special_use: None, selectable: true };
        offers.insert(0, offer(inbox, is_gmail));
    }
    Ok(offers)
}

/// Counts the mails of the first folders that can be opened, and tells of each.
pub(super) async fn count(
    session: &mut Session,
    offers: &mut [FolderOffer],
    tell: &mut impl FnMut(&FolderOffer),
) -> Result<(), PollError> {
    let until = Instant::now() + COUNTING;
    for offer in offers.iter_mut().filter(|offer| offer.selectable).take(MOST_COUNTED) {
        if Instant::now() < until {
            let count = session.message_count(&offer.name).await;
            offer.messages = count.map_err(|error| PollError::imap(Step::Select, &error))?;
        }
        tell(offer);
    }
    Ok(())
}

fn offer(listed: Listed, is_gmail: bool) -> FolderOffer {
    let Listed { name, special_use, selectable } = listed;
    let special_use = special_use.or_else(|| if is_gmail { gmails(&name) } else { None });
    FolderOffer { name, messages: None, special_use, selectable }
}

/// Gmail's folders by their English names; elsewhere a name means what the customer means by it.
fn gmails(name: &str) -> Option<SpecialUse> {
    let (root, name) = name.split_once('/')?;
    match name {
        _ if root != "[Gmail]" && root != "[Google Mail]" => None,
        "All Mail" => Some(SpecialUse::All),
        "Drafts" => Some(SpecialUse::Drafts),
        "Sent Mail" => Some(SpecialUse::Sent),
        "Spam" => Some(SpecialUse::Junk),
        "Starred" => Some(SpecialUse::Flagged),
        "Trash" | "Bin" => Some(SpecialUse::Trash),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_something_with_gmail_only() {
        let of = |name: &str, is_gmail| {
            offer(Listed { name: name.to_owned(), special_use: None, selectable: true }, is_gmail).special_use
        };
        assert_eq!(of("[Gmail]/Trash", true), Some(SpecialUse::Trash));
        assert_eq!(of("[Google Mail]/All Mail", true), Some(SpecialUse::All));
        for (name, is_gmail) in [("[Gmail]/Trash", false), ("Trash", true), ("Kunder/Trash", true), ("INBOX", true)] {
            assert_eq!(of(name, is_gmail), None, "{name}");
        }
    }
}
