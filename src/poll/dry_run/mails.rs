//! What would become of each mail: by its size, as the server tells it, and by its header.

use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::found::Wanted;
use super::told::{FolderDryRun, Line, Target, Verdict};
use super::{Look, PollError, Retry, Session, Step};
use crate::imap::{Fetched, ImapError, Meta, UidSet};
use crate::poll::digest::LONGEST_HEADER;
use crate::poll::parse;
use crate::poll::select::OpenFolder;
use crate::poll::{fetch, start};

/// UIDs asked about in one question.
const AT_ONCE: usize = 100;
/// A header is read so far, and only one that is longer alone and to its end.
const HEADER: usize = 64 << 10;
/// So many refusals in a row are not about single mails: the rest of the folder is undecided.
const MOST_REFUSALS: usize = 3;

/// A mail that would be imported, as far as its header tells.
pub struct Importable {
    pub uid: u32,
    pub message_id: Option<String>,
    pub from: Option<String>,
    /// The inboxes.
    pub inboxes: Vec<i64>,
    /// The same, with the evidence for each.
    pub targets: Vec<Target>,
    pub is_automatic: bool,
}

/// The headers of a set: what came, or why it did not.
enum Headers {
    /// Nothing was asked, since enough was.
    Unasked,
    /// The server refuses them one after another.
    Refused,
    /// What came; what did not stands not in it.
    Came(BTreeMap<u32, Fetched<Vec<u8>>>),
}

impl Look<'_> {
    /// Looks at the mails, the newest first, as far as the bounds allow. Gives those that would be imported.
    pub async fn mails(
        &self,
        session: &mut Session,
        folder: &OpenFolder,
        wanted: &Wanted,
        bounds: &mut Bounds,
        told: &mut FolderDryRun,
    ) -> Result<Vec<Importable>, PollError> {
        let failed = |error: ImapError| PollError::folder(Step::Fetch, &folder.name, &error);
        let mut importable = Vec::new();
        let mut refusals = 0;
        let mut sets = UidSet::cut(&wanted.uids, session.at_once(AT_ONCE));
        while let Some(set) = sets.pop() {
            if bounds.time_is_up() {
                break;
            }
            let metas = start::metas(session, &set).await.map_err(failed)?;
            let headers = self.headers(session, folder, &set, bounds, &mut refusals).await?;
            for uid in set.uids.iter().rev().copied() {
                let unknown = Meta { uid, internal_date: None, size: None };
                let meta = metas.get(&uid).unwrap_or(&unknown);
                let fetched = match &headers {
                    Headers::Came(came) => came.get(&uid),
                    Headers::Unasked | Headers::Refused => None,
                };
                let judged = match &headers {
                    _ if fetch::is_too_large(meta, self.mailbox.max_size) => Ok(Verdict::TooLarge),
                    Headers::Unasked => continue, // nothing is said of it
                    Headers::Refused => Err("the server refuses one header after another".to_owned()),
                    Headers::Came(_) => judge(meta, fetched, wanted.tried.get(&uid).copied().unwrap_or(0)),
                };
                let header = fetched.and_then(|fetched| fetched.body.as_deref()).map(parse::header).unwrap_or_default();
                let (verdict, reason) = match judged {
                    Ok(_) if header.is_exchange_substitute() => {
                        (Verdict::Undecided, Some("Exchange gives a substitute and not the mail itself".to_owned()))
                    }
                    Ok(verdict) => (verdict, None),
                    Err(reason) => (Verdict::Undecided, Some(reason)),
                };
                let targets = if verdict == Verdict::Import { self.routes.choose(&header) } else { Vec::new() };
                let shown: Vec<Target> =
                    targets.iter().map(|(inbox, why)| Target::new(self.routes.address(*inbox), why)).collect();
                told.count(Line::new(meta, &header, shown.clone(), verdict, reason));
                if verdict == Verdict::Import {
                    importable.push(Importable {
                        uid,
                        is_automatic: header.automatic.is_some(),
                        message_id: header.message_id,
                        from: header.from,
                        inboxes: targets.into_iter().map(|(inbox, _)| inbox).collect(),
                        targets: shown,
                    });
                }
            }
        }
        Ok(importable)
    }

    /// Asks for the headers of a set; where that is refused, for each alone.
    async fn headers(
        &self,
        session: &mut Session,
        folder: &OpenFolder,
        set: &UidSet,
        bounds: &mut Bounds,
        refusals: &mut usize,
    ) -> Result<Headers, PollError> {
        if *refusals >= MOST_REFUSALS {
            return Ok(Headers::Refused);
        }
        if !bounds.take_headers(set.uids.len(), session.received()) {
            return Ok(Headers::Unasked);
        }
        let mut came = BTreeMap::new();
        let mut sets = vec![set.clone()];
        while let Some(set) = sets.pop() {
            if bounds.time_is_up() {
                return Ok(Headers::Unasked);
            }
            if *refusals >= MOST_REFUSALS {
                break;
            }
            match session.fetch_headers(&set, HEADER).await {
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
        for (uid, fetched) in &mut came {
            if fetched.body.as_ref().is_some_and(|header| header.len() >= HEADER) && !bounds.time_is_up() {
                match session.fetch_header(*uid, LONGEST_HEADER).await {
                    Ok(header) if header.len() > HEADER => fetched.body = Some(header),
                    Ok(_) | Err(ImapError::Refused { .. }) => {}
                    Err(error) => return Err(PollError::folder(Step::Fetch, &folder.name, &error)),
                }
            }
        }
        Ok(Headers::Came(came))
    }
}

/// Whether a poll would get this mail, as far as its header shows; or what speaks against it. The mail itself may still not come.
fn judge(meta: &Meta, fetched: Option<&Fetched<Vec<u8>>>, tried: i64) -> Result<Verdict, String> {
    let reason = match fetched {
        _ if tried > 0 => format!("it was asked for {tried} times in vain"),
        None => "the server lists it and does not give its header".to_owned(),
        Some(fetched) if fetch::is_other(meta, fetched) => "the server gives another mail under its UID".to_owned(),
        Some(fetched) => match &fetched.body {
            None => "the server answers without a header".to_owned(),
            Some(header) if header.is_empty() && meta.size != Some(0) => "the server gives an empty header".to_owned(),
            Some(_) => return Ok(Verdict::Import),
        },
    };
    Err(reason)
}
