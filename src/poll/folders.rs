//! Lists the folders of an account, for `mailbox check` and for choosing the folders to poll.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::{Deps, PollError, Step, authenticate};
use crate::imap::{ListedFolder, Session, SpecialUse};
use crate::store::Mailbox;

/// A folder of an account, offered for polling.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FolderOffer {
    /// The folder's name, decoded from modified UTF-7.
    pub name: String,
    /// Number of mails; null if unknown.
    pub messages: Option<u32>,
    /// The purpose of the folder (RFC 6154), such as trash.
    pub special_use: Option<SpecialUse>,
    /// Whether the folder can be opened.
    pub selectable: bool,
}

/// Maximum number of folders whose mails are counted.
pub const MAX_COUNTED: usize = 200;
/// No count starts after this time.
const COUNT_TIME_LIMIT: Duration = Duration::from_secs(30);
/// Time limit of the whole list, from the DNS lookup on.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Lists the folders of a mailbox, with the message counts that arrive within a minute. Opens no folder.
pub async fn folders(mailbox: &Mailbox, deps: &Deps) -> Result<Vec<FolderOffer>, PollError> {
    let mut offers = None;
    let listing = async {
        let mut session = authenticate::session(mailbox, deps).await?;
        let offers = offers.insert(list(&mut session).await?);
        count_messages(&mut session, offers, &mut |_| {}).await?;
        session.logout().await;
        Ok(())
    };
    let ended = timeout_at(Instant::now() + TIME_LIMIT, listing).await;
    match (offers, ended) {
        (_, Ok(Err(error))) => Err(error),
        (Some(offers), _) => Ok(offers), // without the counts that did not arrive in time
        (None, _) => Err(PollError::slow("the list of folders")),
    }
}

/// Lists the folders without counts. INBOX is always included, listed or not (reference row C13).
pub(super) async fn list(session: &mut Session) -> Result<Vec<FolderOffer>, PollError> {
    let listed = session.folders().await.map_err(|error| PollError::imap(Step::Select, &error))?;
    let is_gmail = session.can("X-GM-EXT-1");
    let mut offers: Vec<FolderOffer> = listed.into_iter().map(|listed| folder_offer(listed, is_gmail)).collect();
    if !offers.iter().any(|offer| offer.name.eq_ignore_ascii_case("INBOX")) {
        let inbox = ListedFolder { name: "INBOX".to_owned(), special_use: None, selectable: true };
        offers.insert(0, folder_offer(inbox, is_gmail));
    }
    Ok(offers)
}

/// Counts the mails of the first selectable folders, and reports each folder to `on_counted`.
pub(super) async fn count_messages(
    session: &mut Session,
    offers: &mut [FolderOffer],
    on_counted: &mut impl FnMut(&FolderOffer),
) -> Result<(), PollError> {
    let until = Instant::now() + COUNT_TIME_LIMIT;
    for offer in offers.iter_mut().filter(|offer| offer.selectable).take(MAX_COUNTED) {
        if Instant::now() < until {
            let count = session.message_count(&offer.name).await;
            offer.messages = count.map_err(|error| PollError::imap(Step::Select, &error))?;
        }
        on_counted(offer);
    }
    Ok(())
}

fn folder_offer(listed: ListedFolder, is_gmail: bool) -> FolderOffer {
    let ListedFolder { name, special_use, selectable } = listed;
    let special_use = special_use.or_else(|| if is_gmail { gmail_special_use(&name) } else { None });
    FolderOffer { name, messages: None, special_use, selectable }
}

/// Returns the purpose of a Gmail folder by its English name. On other servers a name proves nothing.
fn gmail_special_use(name: &str) -> Option<SpecialUse> {
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
    fn folder_names_are_special_on_gmail_only() {
        let special_use_of = |name: &str, is_gmail| {
            folder_offer(ListedFolder { name: name.to_owned(), special_use: None, selectable: true }, is_gmail)
                .special_use
        };
        assert_eq!(special_use_of("[Gmail]/Trash", true), Some(SpecialUse::Trash));
        assert_eq!(special_use_of("[Google Mail]/All Mail", true), Some(SpecialUse::All));
        for (name, is_gmail) in [("[Gmail]/Trash", false), ("Trash", true), ("Kunder/Trash", true), ("INBOX", true)] {
            assert_eq!(special_use_of(name, is_gmail), None, "{name}");
        }
    }
}
