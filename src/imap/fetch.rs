//! Fetching: only `UID INTERNALDATE RFC822.SIZE` and `BODY.PEEK[]` are asked for. ENVELOPE and BODYSTRUCTURE, which some
//! servers cannot write and some clients cannot read, are never needed: we read the mail itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use imap_proto::{AttributeValue, Response};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::time::{Instant, timeout_at};

use super::guard::Whole;
use super::session::Step;
use super::{Body, ImapError, Session, UidSet};
use crate::clock::Timestamp;

/// What a server says of a mail before it is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Its UID.
    pub uid: u32,
    /// When it was received; `None` if the server's date cannot be read.
    pub internal_date: Option<Timestamp>,
    /// How long it is said to be: a hint only, since Exchange, hMailServer and GreenMail are wrong about it.
    pub size: Option<u64>,
}

/// What tells one mail from another without fetching it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its UID.
    pub uid: u32,
    /// When it was received; `None` if the server's date cannot be read.
    pub internal_date: Option<Timestamp>,
    /// Its Message-ID field; empty if it has none.
    pub header: Vec<u8>,
}

/// A mail as it came, or its header.
#[derive(Debug)]
pub struct Fetched<B = Body> {
    /// Its UID.
    pub uid: u32,
    /// When it was received, to tell that it is the mail that this UID stood for before.
    pub internal_date: Option<Timestamp>,
    /// Its bytes; `None` where the answer named the UID and had no body.
    pub body: Option<B>,
}

/// A part of a large mail.
#[derive(Debug)]
pub enum Chunk {
    /// Bytes from where they were asked for; empty at the end.
    Bytes(Body),
    /// All of the mail, from a server that knows no parts (reference row B7).
    Whole(Body),
    /// Bytes that were not asked for.
    Wrong(String),
    /// The answer had no body.
    Missing,
}

/// Bytes kept of a Message-ID field.
const LONGEST_SAMPLE: usize = 2048;
/// Mails that are looked at in one go, and the bytes that are kept of them.
const MOST_SAMPLES: usize = 50_000;
const MOST_SAMPLE_BYTES: usize = 8 << 20;

/// Bytes of several headers that are taken in one answer, also from a server that knows no parts.
const MOST_HEADERS: usize = 16 << 20;

/// A FETCH under way. It must be read to its end, or the session refuses the next command.
#[derive(Debug)]
pub struct Fetching {
    untagged: usize,
    ended: bool,
    /// By then the next mail that was asked for has come.
    until: Instant,
}

impl Session {
    /// Dates and sizes of these mails, for as many as the server answers; those that came before an error are there too.
    pub async fn fetch_meta(&mut self, set: &UidSet, metas: &mut BTreeMap<u32, Meta>) -> Result<(), ImapError> {
        let line = format!("UID FETCH {} (UID INTERNALDATE RFC822.SIZE)", set.text);
        let answer = self
            .run("FETCH", &line, |response| {
                // Unsolicited answers name other mails, and some servers answer twice.
                if let Some(meta) = meta(response).filter(|meta| set.uids.binary_search(&meta.uid).is_ok()) {
                    metas.entry(meta.uid).or_insert(meta);
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH").map(drop)
    }

    /// INTERNALDATE and Message-ID of these mails, for as many as are there.
    pub async fn sample(&mut self, set: &UidSet) -> Result<Vec<Sample>, ImapError> {
        self.samples(&set.text, &|uid| set.uids.binary_search(&uid).is_ok()).await
    }

    /// INTERNALDATE and Message-ID of all mails from this UID on.
    pub async fn sample_from(&mut self, first: u32) -> Result<Vec<Sample>, ImapError> {
        self.samples(&format!("{first}:*"), &|uid| uid >= first).await
    }

    async fn samples(&mut self, set: &str, wanted: &(dyn Fn(u32) -> bool + Sync)) -> Result<Vec<Sample>, ImapError> {
        let line = format!("UID FETCH {set} (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])");
        let (mut samples, mut bytes) = (BTreeMap::new(), 0);
        let answer = self
            .run("FETCH", &line, |response| {
                let Response::Fetch(_, items) = response else { return Ok(()) };
                let Some(uid) = uid_of(items).filter(|uid| wanted(*uid)) else { return Ok(()) };
                let (mut header, mut internal_date) = (None, None);
                for item in items {
                    match item {
                        AttributeValue::InternalDate(date) => internal_date = self::internal_date(date),
                        AttributeValue::BodySection { section: Some(_), data, .. } => header = data.as_deref(),
                        _ => {}
                    }
                }
                if let Some(header) = header {
                    let header: Vec<u8> = header.iter().take(LONGEST_SAMPLE).copied().collect();
                    bytes += header.len();
                    samples.insert(uid, Sample { uid, internal_date, header });
                }
                if samples.len() > MOST_SAMPLES {
                    return Err(ImapError::Limit(format!("more than {MOST_SAMPLES} mails where few were asked about")));
                }
                if bytes > MOST_SAMPLE_BYTES {
                    return Err(ImapError::Limit(format!("more than {MOST_SAMPLE_BYTES} bytes of Message-IDs")));
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(samples.into_values().collect())
    }

    /// Starts to fetch the bodies of these mails.
    pub async fn fetch_bodies(&mut self, set: &UidSet) -> Result<Fetching, ImapError> {
        let line = format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[])", set.text);
        self.send_within(self.limits.command_bytes.0, &line).await?;
        Ok(Fetching { untagged: 0, ended: false, until: Instant::now() + self.deadlines.command.0 })
    }

    /// A part of one mail.
    pub async fn fetch_chunk(&mut self, uid: u32, offset: u64, count: usize) -> Result<Chunk, ImapError> {
        let line = format!("UID FETCH {uid} (UID BODY.PEEK[]<{offset}.{count}>)");
        let mut chunk = Chunk::Missing;
        let mut on = |response: &Response<'_>, whole: &Whole| {
            let Response::Fetch(_, items) = response else { return Ok(()) };
            if uid_of(items) != Some(uid) {
                return Ok(());
            }
            for item in items {
                if let AttributeValue::BodySection { section: None, index, data } = item {
                    let Some(data) = piece(whole, data.as_ref()) else { continue }; // NIL is no end, it is no answer
                    chunk = match index.map(u64::from) {
                        // RFC 3501 7.4.2 demands the origin, so this one knows no parts.
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
            }
            Ok(())
        };
        // A server that knows no parts sends the whole mail.
        let most = self.limits.command_bytes.0.min(self.limits.answer_bytes.0.saturating_add(self.limits.literal.0));
        let answer = self.run_whole(most, "FETCH", &line, &mut on).await?;
        answer.ok("FETCH")?;
        Ok(chunk)
    }

    /// The headers of these mails, at most `most` bytes of each, for as many as the server answers; a body that is `None` says that
    /// the answer had no header.
    pub async fn fetch_headers(
        &mut self,
        set: &UidSet,
        most: usize,
    ) -> Result<BTreeMap<u32, Fetched<Vec<u8>>>, ImapError> {
        let line = format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[HEADER]<0.{most}>)", set.text);
        let (mut headers, mut bytes) = (BTreeMap::new(), 0);
        let answer = self
            .run("FETCH", &line, |response| {
                let Response::Fetch(_, items) = response else { return Ok(()) };
                let Some(uid) = uid_of(items).filter(|uid| set.uids.binary_search(uid).is_ok()) else { return Ok(()) };
                let (mut body, mut internal_date) = (None, None);
                for item in items {
                    match item {
                        AttributeValue::InternalDate(date) => internal_date = self::internal_date(date),
                        AttributeValue::BodySection { section: Some(_), data, .. } => body = data.as_deref(),
                        _ => {}
                    }
                }
                bytes += body.map_or(0, <[u8]>::len);
                if bytes > MOST_HEADERS.max(most.saturating_mul(set.uids.len())) {
                    return Err(ImapError::Limit(format!("{bytes} bytes of headers in one answer")));
                }
                let body = body.map(|header| header.iter().take(most).copied().collect());
                let fetched: &mut Fetched<Vec<u8>> =
                    headers.entry(uid).or_insert(Fetched { uid, internal_date, body: None });
                fetched.body = fetched.body.take().or(body);
                fetched.internal_date = fetched.internal_date.or(internal_date);
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(headers)
    }

    /// The header of one mail, at most `most` bytes of it.
    pub async fn fetch_header(&mut self, uid: u32, most: usize) -> Result<Vec<u8>, ImapError> {
        let line = format!("UID FETCH {uid} (UID BODY.PEEK[HEADER]<0.{most}>)");
        let mut header = Vec::new();
        let answer = self
            .run("FETCH", &line, |response| {
                if let Response::Fetch(_, items) = response
                    && uid_of(items) == Some(uid)
                {
                    for item in items {
                        if let AttributeValue::BodySection { section: Some(_), data: Some(data), .. } = item {
                            header = data.iter().take(most).copied().collect();
                        }
                    }
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(header)
    }
}

impl Fetching {
    /// A mail that was asked for has come: the next one has as much time again.
    pub fn came(&mut self, session: &Session) {
        self.until = Instant::now() + session.deadlines.command.0;
    }

    /// The next mail; `None` after the tagged OK.
    pub async fn next(&mut self, session: &mut Session) -> Result<Option<Fetched>, ImapError> {
        while !self.ended {
            let mut on = |response: &Response<'_>, whole: &Whole| Ok(fetched(response, whole));
            let step = timeout_at(self.until, session.next("FETCH", &mut self.untagged, &mut on)).await;
            match step.map_err(|_| ImapError::Slow("FETCH"))?? {
                Step::Untagged(Some(fetched)) => return Ok(Some(fetched)),
                Step::Untagged(None) => {}
                Step::Tagged(answer) => {
                    answer.ok("FETCH")?;
                    self.ended = true;
                }
            }
        }
        Ok(None)
    }
}

fn uid_of(items: &[AttributeValue<'_>]) -> Option<u32> {
    items.iter().find_map(|item| if let AttributeValue::Uid(uid) = item { Some(*uid) } else { None })
}

/// A mail from an answer; answers without UID, or without a word about a body, are about something else.
fn fetched(response: &Response<'_>, whole: &Whole) -> Option<Fetched> {
    let Response::Fetch(_, items) = response else {
        return None;
    };
    let uid = uid_of(items)?;
    let date = |item: &AttributeValue<'_>| match item {
        AttributeValue::InternalDate(date) => internal_date(date),
        _ => None,
    };
    items.iter().find_map(|item| match item {
        AttributeValue::BodySection { section: None, index: None | Some(0), data } => {
            Some(Fetched { uid, internal_date: items.iter().find_map(date), body: piece(whole, data.as_ref()) })
        }
        _ => None,
    })
}

/// The bytes of an item, which lie in the answer that was read.
fn piece(whole: &Whole, data: Option<&Cow<'_, [u8]>>) -> Option<Body> {
    match data? {
        Cow::Borrowed(bytes) => Some(whole.piece(bytes)),
        Cow::Owned(bytes) => Some(Body::from(bytes.clone())),
    }
}

fn meta(response: &Response<'_>) -> Option<Meta> {
    let Response::Fetch(_, items) = response else {
        return None;
    };
    let uid = uid_of(items)?;
    let mut meta = Meta { uid, internal_date: None, size: None };
    for item in items {
        match item {
            AttributeValue::InternalDate(date) => meta.internal_date = internal_date(date),
            AttributeValue::Rfc822Size(size) => meta.size = Some(u64::from(*size)),
            _ => {}
        }
    }
    // A FETCH that only tells new flags of a mail is no answer to this question.
    (meta.size.is_some() || meta.internal_date.is_some()).then_some(meta)
}

/// `17-Jul-1996 02:44:25 -0700` (RFC 3501 9, date-time); a one-digit day may stand with or without its blank.
fn internal_date(text: &str) -> Option<Timestamp> {
    let format = format_description!(
        version = 2,
        "[day padding:none]-[month repr:short case_sensitive:false]-[year] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
    );
    OffsetDateTime::parse(text.trim(), format).ok().map(Timestamp::from_datetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates_are_read_as_servers_write_them() {
        for (text, wanted) in [
            ("17-Jul-1996 02:44:25 -0700", Some("1996-07-17T09:44:25Z")),
            (" 1-Jan-2026 00:00:00 +0100", Some("2025-12-31T23:00:00Z")),
            ("1-jan-2026 00:00:00 +0000", Some("2026-01-01T00:00:00Z")),
            ("01-Jan-2026 00:00:00 +0000", Some("2026-01-01T00:00:00Z")),
            ("00-Jan-0000 00:00:00 +0000", None), // Domino, reference row B14
            ("", None),
        ] {
            assert_eq!(internal_date(text).map(|at| at.to_string()).as_deref(), wanted, "{text}");
        }
    }
}
