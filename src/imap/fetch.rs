//! FETCH. Only UID, INTERNALDATE, RFC822.SIZE and `BODY.PEEK` (a mail, its header or one field) are requested, never
//! ENVELOPE or BODYSTRUCTURE: some servers send malformed ones, and we parse the mail ourselves.

mod items;

use std::borrow::Cow;
use std::collections::BTreeMap;

use imap_proto::Response;
use tokio::time::{Instant, timeout_at};

use items::bodies;
pub use items::items;

use super::guard::RawAnswer;
use super::session::AnswerPart;
use super::{Body, ImapError, Session, UidSet};
use crate::clock::Timestamp;

/// The metadata of a mail, which is requested before its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    pub uid: u32,
    /// The date of receipt; `None` if the server's date is unreadable.
    pub internal_date: Option<Timestamp>,
    /// The size that the server announces. It is only a hint: Exchange, hMailServer and GreenMail announce wrong sizes.
    pub size: Option<u64>,
}

/// A date and a header field, such as the Message-ID, by which a mail is identified without fetching it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub uid: u32,
    /// The date of receipt; `None` if the server's date is unreadable.
    pub internal_date: Option<Timestamp>,
    /// The header field; empty if the mail does not have it.
    pub header: Vec<u8>,
}

/// A fetched mail, or its header.
#[derive(Debug)]
pub struct Fetched<B = Body> {
    pub uid: u32,
    /// The date of receipt, to check that the UID still identifies the same mail.
    pub internal_date: Option<Timestamp>,
    /// The bytes; `None` if the answer has no body.
    pub body: Option<B>,
}

/// The answer to a request for a part of a mail.
#[derive(Debug)]
pub enum Chunk {
    /// Bytes from the requested offset; empty at the end.
    Bytes(Body),
    /// The whole mail, from a server that ignores partial requests (reference row B7).
    Whole(Body),
    /// Bytes of a part that was not requested; the text describes them.
    Wrong(String),
    /// The answer has no body.
    Missing,
}

/// Maximum number of bytes kept of a field.
const MAX_FIELD_BYTES: usize = 2048;
/// Maximum number of mails in the answer to one request for samples.
const MAX_SAMPLES: usize = 50_000;
/// Maximum number of bytes kept of these mails together.
const MAX_SAMPLE_BYTES: usize = 8 << 20;

/// Maximum total size of the headers in one answer, unless the request itself allows more. Needed because a server may
/// ignore partial requests.
const MAX_HEADER_BYTES: usize = 16 << 20;

/// A FETCH in progress. It must be read to its end, or the session refuses the next command.
#[derive(Debug)]
pub struct BodyFetch {
    /// Number of untagged answers so far.
    untagged: usize,
    ended: bool,
    /// Deadline for the next requested mail.
    deadline: Instant,
}

impl Session {
    /// Fetches the dates and sizes of these mails into `metas`. Mails without an answer are absent. After an error,
    /// `metas` keeps the entries that arrived before the error.
    pub async fn fetch_meta(&mut self, set: &UidSet, metas: &mut BTreeMap<u32, Meta>) -> Result<(), ImapError> {
        let line = format!("UID FETCH {} (UID INTERNALDATE RFC822.SIZE)", set.text);
        let answer = self
            .run("FETCH", &line, |response| {
                // Unsolicited answers are about other mails, and some servers answer twice.
                if let Some(meta) = meta(response).filter(|meta| set.uids.binary_search(&meta.uid).is_ok()) {
                    metas.entry(meta.uid).or_insert(meta);
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH").map(drop)
    }

    /// Fetches INTERNALDATE and Message-ID of those mails in the set that exist.
    pub async fn sample(&mut self, set: &UidSet) -> Result<Vec<Sample>, ImapError> {
        self.fetch_field(set, "MESSAGE-ID").await
    }

    /// Fetches INTERNALDATE and a header field of those mails in the set that exist.
    pub async fn fetch_field(&mut self, set: &UidSet, field: &str) -> Result<Vec<Sample>, ImapError> {
        self.samples(&set.text, field, &|uid| set.uids.binary_search(&uid).is_ok()).await
    }

    /// Fetches INTERNALDATE and Message-ID of all mails with this UID or a higher one.
    pub async fn sample_from(&mut self, first: u32) -> Result<Vec<Sample>, ImapError> {
        self.samples(&format!("{first}:*"), "MESSAGE-ID", &|uid| uid >= first).await
    }

    async fn samples(
        &mut self,
        set: &str,
        field: &str,
        wanted: &(dyn Fn(u32) -> bool + Sync),
    ) -> Result<Vec<Sample>, ImapError> {
        let line = format!("UID FETCH {set} (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({field})])");
        let (mut samples, mut bytes) = (BTreeMap::new(), 0);
        let answer = self
            .run("FETCH", &line, |response| {
                let Some(items) = items(response).filter(|items| wanted(items.uid)) else { return Ok(()) };
                if let Some(header) = items.header {
                    let header: Vec<u8> = header.iter().take(MAX_FIELD_BYTES).copied().collect();
                    bytes += header.len();
                    let sample = Sample { uid: items.uid, internal_date: items.internal_date, header };
                    samples.insert(items.uid, sample);
                }
                if samples.len() > MAX_SAMPLES {
                    return Err(ImapError::Limit(format!("more than {MAX_SAMPLES} mails, where few were requested")));
                }
                if bytes > MAX_SAMPLE_BYTES {
                    return Err(ImapError::Limit(format!("more than {MAX_SAMPLE_BYTES} bytes of one field")));
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(samples.into_values().collect())
    }

    /// Starts to fetch the bodies of these mails.
    pub async fn fetch_bodies(&mut self, set: &UidSet) -> Result<BodyFetch, ImapError> {
        let line = format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[])", set.text);
        self.send_within(self.limits.mail, &line).await?;
        Ok(BodyFetch { untagged: 0, ended: false, deadline: Instant::now() + self.deadlines.command })
    }

    /// Fetches a part of one mail.
    pub async fn fetch_chunk(&mut self, uid: u32, offset: u64, count: usize) -> Result<Chunk, ImapError> {
        let line = format!("UID FETCH {uid} (UID BODY.PEEK[]<{offset}.{count}>)");
        let mut chunk = Chunk::Missing;
        let mut on = |response: &Response<'_>, whole: &RawAnswer| {
            if items(response).is_none_or(|items| items.uid != uid) {
                return Ok(());
            }
            for (index, data) in bodies(response) {
                // NIL counts as no answer, unlike an empty part, which means the end of the mail.
                let Some(data) = piece(whole, data) else { continue };
                chunk = match index.map(u64::from) {
                    // RFC 3501 7.4.2 requires the offset in the answer, so this server ignores partial requests.
                    None if offset == 0 && data.len() != count => Chunk::Whole(data),
                    None if offset == 0 => Chunk::Bytes(data),
                    Some(at) if at == offset && data.len() <= count => Chunk::Bytes(data),
                    at => {
                        let from = at.map_or_else(|| "nowhere".to_owned(), |at| at.to_string());
                        let sent = data.len();
                        Chunk::Wrong(format!("asked for {count} bytes from {offset}, got {sent} from {from}"))
                    }
                };
            }
            Ok(())
        };
        // A server that ignores partial requests sends the whole mail.
        let most = self.limits.mail.min(self.limits.answer.saturating_add(self.limits.literal));
        let answer = self.run_raw(most, "FETCH", &line, &mut on).await?;
        answer.ok("FETCH")?;
        Ok(chunk)
    }

    /// Fetches the headers of these mails, at most `most` bytes of each. Mails without an answer are absent; a `None`
    /// body means that the answer had no header.
    pub async fn fetch_headers(
        &mut self,
        set: &UidSet,
        most: usize,
    ) -> Result<BTreeMap<u32, Fetched<Vec<u8>>>, ImapError> {
        let line = format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[HEADER]<0.{most}>)", set.text);
        let (mut headers, mut bytes) = (BTreeMap::new(), 0);
        let answer = self
            .run("FETCH", &line, |response| {
                let is_requested = |items: &items::Items<'_>| set.uids.binary_search(&items.uid).is_ok();
                let Some(items) = items(response).filter(is_requested) else { return Ok(()) };
                bytes += items.header.map_or(0, <[u8]>::len);
                if bytes > MAX_HEADER_BYTES.max(most.saturating_mul(set.uids.len())) {
                    return Err(ImapError::Limit(format!("{bytes} bytes of headers in one answer")));
                }
                let header = items.header.map(|header| header.iter().take(most).copied().collect());
                let none = Fetched { uid: items.uid, internal_date: items.internal_date, body: None };
                let fetched: &mut Fetched<Vec<u8>> = headers.entry(items.uid).or_insert(none);
                fetched.body = fetched.body.take().or(header);
                fetched.internal_date = fetched.internal_date.or(items.internal_date);
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(headers)
    }

    /// Fetches the header of one mail, at most `most` bytes of it.
    pub async fn fetch_header(&mut self, uid: u32, most: usize) -> Result<Vec<u8>, ImapError> {
        let line = format!("UID FETCH {uid} (UID BODY.PEEK[HEADER]<0.{most}>)");
        let mut header = Vec::new();
        let answer = self
            .run("FETCH", &line, |response| {
                if let Some(found) = items(response).filter(|items| items.uid == uid).and_then(|items| items.header) {
                    header = found.iter().take(most).copied().collect();
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(header)
    }
}

impl BodyFetch {
    /// Restarts the deadline after a requested mail has arrived.
    pub fn restart_deadline(&mut self, session: &Session) {
        self.deadline = Instant::now() + session.deadlines.command;
    }

    /// Reads the next mail; `None` after the tagged OK.
    pub async fn next(&mut self, session: &mut Session) -> Result<Option<Fetched>, ImapError> {
        while !self.ended {
            let mut on = |response: &Response<'_>, whole: &RawAnswer| Ok(fetched(response, whole));
            let step = timeout_at(self.deadline, session.next("FETCH", &mut self.untagged, &mut on)).await;
            match step.map_err(|_| ImapError::Slow("FETCH"))?? {
                AnswerPart::Untagged(Some(fetched)) => return Ok(Some(fetched)),
                AnswerPart::Untagged(None) => {}
                AnswerPart::Tagged(answer) => {
                    answer.ok("FETCH")?;
                    self.ended = true;
                }
            }
        }
        Ok(None)
    }
}

/// Reads a mail from an answer. An answer without a body item does not answer the request.
fn fetched(response: &Response<'_>, whole: &RawAnswer) -> Option<Fetched> {
    let items = items(response)?;
    let (_, data) = bodies(response).find(|(index, _)| matches!(index, None | Some(0)))?;
    Some(Fetched { uid: items.uid, internal_date: items.internal_date, body: piece(whole, data) })
}

/// The bytes of an item: a slice of the answer's buffer, unless the parser has copied them.
fn piece(whole: &RawAnswer, data: Option<&Cow<'_, [u8]>>) -> Option<Body> {
    match data? {
        Cow::Borrowed(bytes) => Some(whole.piece(bytes)),
        Cow::Owned(bytes) => Some(Body::from(bytes.clone())),
    }
}

/// Reads date and size. A FETCH with only flags does not answer the request.
fn meta(response: &Response<'_>) -> Option<Meta> {
    let items = items(response)?;
    let meta = Meta { uid: items.uid, internal_date: items.internal_date, size: items.size };
    (meta.size.is_some() || meta.internal_date.is_some()).then_some(meta)
}
