//! The payload of the format `json`. Fields may be added; `version` is raised when the meaning of a field changes.

use std::collections::BTreeSet;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use serde::{Serialize, Serializer};

use super::{Body, Event};
use crate::clock::Timestamp;
use crate::deliver::trace;
#[cfg(test)]
use crate::reading::MAX_INPUT;
use crate::reading::{self, Attachment, Correspondent, Cut, Export};
use crate::vault::hex;

const VERSION: u32 = 1;

/// Upper bound for the memory of a parsed mail, as values and as JSON: text, header fields, addresses, attachments, and HTML with its
/// pictures, every character escaped.
#[cfg(test)]
const MAX_PARSED: u64 = 40 << 20;

/// The raw mail in the payload.
#[derive(Debug, Clone)]
pub enum Raw {
    /// The whole mail.
    Inline(Bytes),
    /// The first [`MAX_INPUT`] bytes of the mail, to be parsed, and a link to all of it.
    Linked(Bytes, Option<RawLink>),
}

/// A link to the raw mail.
#[derive(Debug, Clone, Serialize)]
pub struct RawLink {
    pub url: String,
    pub expires_at: Timestamp,
}

#[derive(Serialize)]
struct Payload<'a> {
    id: &'a str,
    r#type: &'static str,
    version: u32,
    /// When the mail was imported.
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    event: &'a Event,
    envelope: Envelope<'a>,
    auto_submitted: &'static str,
    authentication_results: Option<String>,
    /// Null if the mail cannot be parsed.
    parsed: Option<Parsed>,
    raw: RawField<'a>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    /// The field and the recipient by which the inbox was chosen.
    evidence: &'a str,
    /// The envelope sender, if the customer's server recorded it; empty for bounces.
    return_path: Option<String>,
}

#[derive(Serialize)]
struct RawField<'a> {
    #[serde(serialize_with = "as_base64")]
    content: Option<&'a [u8]>,
    url: Option<&'a str>,
    expires_at: Option<Timestamp>,
}

fn as_base64<S: Serializer>(content: &Option<&[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    match content {
        Some(bytes) => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
        None => serializer.serialize_none(),
    }
}

#[derive(Serialize)]
struct Parsed {
    subject: Option<String>,
    date: Option<Timestamp>,
    message_id: Option<String>,
    from: Vec<Correspondent>,
    to: Vec<Correspondent>,
    cc: Vec<Correspondent>,
    reply_to: Vec<Correspondent>,
    headers: Vec<(String, String)>,
    text: Option<String>,
    is_text_from_html: bool,
    /// Sanitised.
    html: Option<String>,
    attachments: Vec<HashedAttachment>,
    cut: BTreeSet<Cut>,
}

#[derive(Serialize)]
struct HashedAttachment {
    #[serde(flatten)]
    attachment: Attachment,
    /// Of the decoded content.
    sha256: Option<String>,
}

impl From<Export> for Parsed {
    fn from(Export { reading, hashes }: Export) -> Self {
        let hashes = hashes.into_iter().map(|hash| hash.map(|hash| hex(&hash)));
        let attachments = reading.attachments.into_iter().zip(hashes);
        Self {
            subject: reading.subject,
            date: reading.date,
            message_id: reading.message_id,
            from: reading.from,
            to: reading.to,
            cc: reading.cc,
            reply_to: reading.reply_to,
            headers: reading.headers,
            text: reading.text,
            is_text_from_html: reading.is_text_from_html,
            html: reading.html,
            attachments: attachments.map(|(attachment, sha256)| HashedAttachment { attachment, sha256 }).collect(),
            cut: reading.cut,
        }
    }
}

/// The request body for an event. Parses the mail on a blocking thread; `None` if that panicked.
pub async fn json(event: Event, raw: Raw) -> Option<Body> {
    let work = tokio::task::spawn_blocking(move || write(&event, &raw));
    let written =
        work.await.inspect_err(|error| tracing::error!(%error, "writing a webhook's payload panicked")).ok()?;
    Some(Body::new([Bytes::from(written)]))
}

fn write(event: &Event, raw: &Raw) -> Vec<u8> {
    let (bytes, content, link) = match raw {
        Raw::Inline(bytes) => (bytes, Some(&bytes[..]), None),
        Raw::Linked(bytes, link) => (bytes, None, link.as_ref()),
    };
    let parsed = reading::export(bytes).ok().map(Parsed::from);
    // Large enough for most mails, so that the buffer rarely has to grow.
    let texts: usize = parsed.iter().flat_map(|parsed| [&parsed.text, &parsed.html]).flatten().map(String::len).sum();
    let inline = content.map_or(0, |content| content.len().div_ceil(3) * 4);
    let mut written = Vec::with_capacity(inline + 2 * texts + (256 << 10));
    let payload = Payload {
        id: &event.delivery,
        r#type: "mail.received",
        version: VERSION,
        timestamp: event.imported_at,
        data: Data {
            event,
            envelope: Envelope { evidence: &event.evidence, return_path: trace::return_path(bytes) },
            auto_submitted: trace::auto_submitted(bytes).as_str(),
            authentication_results: trace::authentication_results(bytes),
            parsed,
            raw: RawField {
                content,
                url: link.map(|link| link.url.as_str()),
                expires_at: link.map(|link| link.expires_at),
            },
        },
    };
    // Writing to memory cannot fail, and the types above always serialise.
    let _ = serde_json::to_writer(&mut written, &payload);
    written
}

/// Upper bound for the memory, in bytes, that a mail of this size needs in the format `json`, from loading until it is sent.
#[cfg(test)]
pub fn memory_bound(size: u64, raw_limit: u64) -> u64 {
    let inline = if size <= raw_limit { size.div_ceil(3).saturating_mul(4) } else { 0 };
    size.min(MAX_INPUT as u64).saturating_add(inline).saturating_add(MAX_PARSED)
}
