//! Predicts the verdict on each mail from its announced size and its header.

use std::collections::BTreeMap;

use super::report::{ListedMail, Target, Verdict};
use super::tally::{FolderTally, Importable};
use super::wanted_uids::Wanted;
use super::{DryRunVisit, PollError, Retry, Step};
use crate::fact::FetchFailure;
use crate::imap::{Fetched, ImapError, Meta, UidSet};
use crate::mail::digest::MAX_HEADER;
use crate::mail::parse::{self, Header};
use crate::poll::open_folder::OpenFolder;
use crate::poll::{fetch, start};

/// Maximum number of UIDs per command.
const UIDS_PER_COMMAND: usize = 100;
/// Number of bytes fetched of each header. A longer header is fetched again by itself.
const HEADER_BYTES: usize = 64 << 10;
/// After this number of consecutive refusals of single headers, the rest of the folder is undecided.
const MAX_REFUSALS: usize = 3;

/// The headers of a set, or the reason why there are none.
enum Headers {
    /// The headers were not fetched, since a limit was reached.
    Skipped,
    /// The headers were not fetched, since the server has refused several in a row.
    Refused,
    /// The headers that arrived, by UID. The map has no entry for the others.
    Received(BTreeMap<u32, Fetched<Vec<u8>>>),
}

impl DryRunVisit<'_> {
    /// Judges the mails, newest first, as far as the limits allow. Returns those that would be imported.
    pub async fn judge_all(
        &mut self,
        folder: &OpenFolder,
        wanted: &Wanted,
        tally: &mut FolderTally,
    ) -> Result<Vec<Importable>, PollError> {
        let failed = |error: ImapError| PollError::folder(Step::Fetch, &folder.name, &error);
        let mut importable = Vec::new();
        let mut refusals = 0;
        let mut sets = UidSet::split(&wanted.uids, self.session.command_limit(UIDS_PER_COMMAND));
        while let Some(set) = sets.pop() {
            if self.limits.time_is_up() {
                break;
            }
            let metas = start::metas(&mut self.session, &set).await.map_err(failed)?;
            let headers = self.headers(folder, &set, &mut refusals).await?;
            for uid in set.uids.iter().rev().copied() {
                let unknown = Meta { uid, internal_date: None, size: None };
                let meta = metas.get(&uid).unwrap_or(&unknown);
                let attempts = wanted.attempts.get(&uid).copied().unwrap_or(0);
                if let Some((line, import)) = self.judge(meta, &headers, attempts) {
                    tally.count(line);
                    importable.extend(import);
                }
            }
        }
        Ok(importable)
    }

    /// Judges one mail. Returns its line, and the mail if it would be imported; `None` if it was not examined.
    fn judge(&self, meta: &Meta, headers: &Headers, attempts: i64) -> Option<(ListedMail, Option<Importable>)> {
        let fetched = match headers {
            Headers::Received(received) => received.get(&meta.uid),
            Headers::Skipped | Headers::Refused => None,
        };
        let result = match headers {
            _ if fetch::is_too_large(meta, self.mailbox.max_size) => Ok(Verdict::TooLarge),
            Headers::Skipped => return None,
            Headers::Refused => Err(FetchFailure::HeadersRefused),
            Headers::Received(_) => judge(meta, fetched, attempts),
        };
        let header = fetched.and_then(|fetched| fetched.body.as_deref()).map(parse::header).unwrap_or_default();
        let (verdict, reason) = match result {
            Ok(_) if header.is_exchange_substitute() => (Verdict::Undecided, Some(FetchFailure::Substitute)),
            Ok(verdict) => (verdict, None),
            Err(reason) => (Verdict::Undecided, Some(reason)),
        };
        let import = (verdict == Verdict::Import).then(|| self.importable(meta.uid, &header));
        let targets = import.as_ref().map(|import| import.targets.clone()).unwrap_or_default();
        Some((ListedMail::new(meta, &header, targets, verdict, reason), import))
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

    /// Fetches the headers of a set. If the server refuses the set, fetches them one by one.
    async fn headers(&mut self, folder: &OpenFolder, set: &UidSet, refusals: &mut usize) -> Result<Headers, PollError> {
        if *refusals >= MAX_REFUSALS {
            return Ok(Headers::Refused);
        }
        if !self.limits.take_headers(set.uids.len(), self.session.received()) {
            return Ok(Headers::Skipped);
        }
        let mut received = BTreeMap::new();
        let mut sets = vec![set.clone()];
        while let Some(set) = sets.pop() {
            if self.limits.time_is_up() {
                return Ok(Headers::Skipped);
            }
            if *refusals >= MAX_REFUSALS {
                break;
            }
            match self.session.fetch_headers(&set, HEADER_BYTES).await {
                Ok(mut headers) => {
                    *refusals = 0;
                    received.append(&mut headers);
                }
                Err(error) => {
                    let refused = matches!(error, ImapError::Refused { .. });
                    let error = PollError::folder(Step::Fetch, &folder.name, &error);
                    if !refused || error.retry != Retry::Soon {
                        return Err(error); // the server asks us to wait, or the connection is lost
                    }
                    match set.uids.as_slice() {
                        [_] => *refusals += 1,
                        several => sets.extend(UidSet::split(several, 1)),
                    }
                }
            }
        }
        self.complete_headers(&mut received)
            .await
            .map_err(|error| PollError::folder(Step::Fetch, &folder.name, &error))?;
        Ok(Headers::Received(received))
    }

    /// Fetches again, up to the maximum length of a header, each header of which the first fetch may be only a part.
    async fn complete_headers(&mut self, received: &mut BTreeMap<u32, Fetched<Vec<u8>>>) -> Result<(), ImapError> {
        for (uid, fetched) in received {
            if fetched.body.as_ref().is_some_and(|header| header.len() >= HEADER_BYTES) && !self.limits.time_is_up() {
                match self.session.fetch_header(*uid, MAX_HEADER).await {
                    Ok(header) if header.len() > HEADER_BYTES => fetched.body = Some(header),
                    Ok(_) | Err(ImapError::Refused { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// Returns the verdict if a poll would receive this mail, as far as its header shows, or else the reason for doubt. The
/// body may still be missing.
fn judge(meta: &Meta, fetched: Option<&Fetched<Vec<u8>>>, attempts: i64) -> Result<Verdict, FetchFailure> {
    let reason = match fetched {
        _ if attempts > 0 => FetchFailure::FailedBefore { times: attempts },
        None => FetchFailure::HeaderNotGiven,
        Some(fetched) if fetch::is_different_mail(meta, fetched) => FetchFailure::OtherMail,
        Some(fetched) => match &fetched.body {
            None => FetchFailure::NoHeader,
            Some(header) if header.is_empty() && meta.size != Some(0) => FetchFailure::EmptyHeader,
            Some(_) => return Ok(Verdict::Import),
        },
    };
    Err(reason)
}
