//! What would become of each mail: by its size, as the server tells it, and by its header.

use std::collections::BTreeMap;

use super::report::{Line, Target, Verdict};
use super::tally::{FolderTally, Importable};
use super::wanted_uids::Wanted;
use super::{Look, PollError, Retry, Step};
use crate::fact::FetchFailure;
use crate::imap::{Fetched, ImapError, Meta, UidSet};
use crate::mail::digest::MAX_HEADER;
use crate::mail::parse::{self, Header};
use crate::poll::open_folder::OpenFolder;
use crate::poll::{fetch, start};

/// UIDs asked about in one question.
const AT_ONCE: usize = 100;
/// A header is read so far, and only one that is longer alone and to its end.
const HEADER: usize = 64 << 10;
/// So many refusals in a row are not about single mails: the rest of the folder is undecided.
const MOST_REFUSALS: usize = 3;

/// The headers of a set: what came, or why it did not.
enum Headers {
    /// Nothing was asked, since enough was.
    Unasked,
    /// The server refuses them one after another.
    Refused,
    /// What came; a mail whose header did not come is not among them.
    Came(BTreeMap<u32, Fetched<Vec<u8>>>),
}

impl Look<'_> {
    /// Looks at the mails, the newest first, as far as the limits allow. Gives those that would be imported.
    pub async fn judged(
        &mut self,
        folder: &OpenFolder,
        wanted: &Wanted,
        tally: &mut FolderTally,
    ) -> Result<Vec<Importable>, PollError> {
        let failed = |error: ImapError| PollError::folder(Step::Fetch, &folder.name, &error);
        let mut importable = Vec::new();
        let mut refusals = 0;
        let mut sets = UidSet::cut(&wanted.uids, self.session.at_once(AT_ONCE));
        while let Some(set) = sets.pop() {
            if self.limits.time_is_up() {
                break;
            }
            let metas = start::metas(&mut self.session, &set).await.map_err(failed)?;
            let headers = self.headers(folder, &set, &mut refusals).await?;
            for uid in set.uids.iter().rev().copied() {
                let unknown = Meta { uid, internal_date: None, size: None };
                let meta = metas.get(&uid).unwrap_or(&unknown);
                let tried = wanted.tried.get(&uid).copied().unwrap_or(0);
                if let Some((line, import)) = self.judge(meta, &headers, tried) {
                    tally.count(line);
                    importable.extend(import);
                }
            }
        }
        Ok(importable)
    }

    /// One mail; `None`: nothing is said of it.
    fn judge(&self, meta: &Meta, headers: &Headers, tried: i64) -> Option<(Line, Option<Importable>)> {
        let fetched = match headers {
            Headers::Came(came) => came.get(&meta.uid),
            Headers::Unasked | Headers::Refused => None,
        };
        let judged = match headers {
            _ if fetch::is_too_large(meta, self.mailbox.max_size) => Ok(Verdict::TooLarge),
            Headers::Unasked => return None,
            Headers::Refused => Err(FetchFailure::HeadersRefused),
            Headers::Came(_) => judge(meta, fetched, tried),
        };
        let header = fetched.and_then(|fetched| fetched.body.as_deref()).map(parse::header).unwrap_or_default();
        let (verdict, reason) = match judged {
            Ok(_) if header.is_exchange_substitute() => (Verdict::Undecided, Some(FetchFailure::Substitute)),
            Ok(verdict) => (verdict, None),
            Err(reason) => (Verdict::Undecided, Some(reason)),
        };
        let import = (verdict == Verdict::Import).then(|| self.importable(meta.uid, &header));
        let targets = import.as_ref().map(|import| import.targets.clone()).unwrap_or_default();
        Some((Line::new(meta, &header, targets, verdict, reason), import))
    }

    fn importable(&self, uid: u32, header: &Header) -> Importable {
        let chosen = self.routes.choose(header);
        let target = |(inbox, why): &(i64, String)| Target::new(self.routes.address(*inbox), why);
        Importable {
            uid,
            is_automatic: header.automatic.is_some(),
            message_id: header.message_id.clone(),
            from: header.from.clone(),
            targets: chosen.iter().map(target).collect(),
            inboxes: chosen.into_iter().map(|(inbox, _)| inbox).collect(),
        }
    }

    /// Asks for the headers of a set; where that is refused, for each alone.
    async fn headers(&mut self, folder: &OpenFolder, set: &UidSet, refusals: &mut usize) -> Result<Headers, PollError> {
        if *refusals >= MOST_REFUSALS {
            return Ok(Headers::Refused);
        }
        if !self.limits.take_headers(set.uids.len(), self.session.received()) {
            return Ok(Headers::Unasked);
        }
        let mut came = BTreeMap::new();
        let mut sets = vec![set.clone()];
        while let Some(set) = sets.pop() {
            if self.limits.time_is_up() {
                return Ok(Headers::Unasked);
            }
            if *refusals >= MOST_REFUSALS {
                break;
            }
            match self.session.fetch_headers(&set, HEADER).await {
                Ok(mut headers) => {
                    *refusals = 0;
                    came.append(&mut headers);
                }
                Err(error) => {
                    let refused = matches!(error, ImapError::Refused { .. });
                    let error = PollError::folder(Step::Fetch, &folder.name, &error);
                    if !refused || error.retry != Retry::Soon {
                        return Err(error); // it sends us away, or is lost
                    }
                    match set.uids.as_slice() {
                        [_] => *refusals += 1,
                        several => sets.extend(UidSet::cut(several, 1)),
                    }
                }
            }
        }
        self.fill_up(&mut came).await.map_err(|error| PollError::folder(Step::Fetch, &folder.name, &error))?;
        Ok(Headers::Came(came))
    }

    /// Asks again for headers that are longer than was asked for, alone and to their end.
    async fn fill_up(&mut self, came: &mut BTreeMap<u32, Fetched<Vec<u8>>>) -> Result<(), ImapError> {
        for (uid, fetched) in came {
            if fetched.body.as_ref().is_some_and(|header| header.len() >= HEADER) && !self.limits.time_is_up() {
                match self.session.fetch_header(*uid, MAX_HEADER).await {
                    Ok(header) if header.len() > HEADER => fetched.body = Some(header),
                    Ok(_) | Err(ImapError::Refused { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// Whether a poll would get this mail, as far as its header shows; or what speaks against it. The mail itself may still not come.
fn judge(meta: &Meta, fetched: Option<&Fetched<Vec<u8>>>, tried: i64) -> Result<Verdict, FetchFailure> {
    let reason = match fetched {
        _ if tried > 0 => FetchFailure::FailedBefore { times: tried },
        None => FetchFailure::HeaderNotGiven,
        Some(fetched) if fetch::is_other(meta, fetched) => FetchFailure::OtherMail,
        Some(fetched) => match &fetched.body {
            None => FetchFailure::NoHeader,
            Some(header) if header.is_empty() && meta.size != Some(0) => FetchFailure::EmptyHeader,
            Some(_) => return Ok(Verdict::Import),
        },
    };
    Err(reason)
}
