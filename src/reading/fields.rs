//! Header fields: found here, each within a limit, and decoded one at a time.

use std::borrow::Cow;
use std::collections::BTreeSet;

use mail_parser::parsers::MessageStream;
use mail_parser::{Address, ContentType, HeaderValue};

use super::budget::Budget;
use super::{Cut, Person, Reading};
use crate::clock::Timestamp;
use crate::shown::shown_within;

/// So many fields are shown.
const MOST_FIELDS: usize = 200;

/// So much of a field is shown, in bytes as sent. The decoder may look at a byte a thousand times, so not much more is read.
const MOST_VALUE: usize = 4 << 10;

/// Field names are a few dozen characters.
const MOST_NAME: usize = 100;

/// RFC 2046 5.1.1 allows 70. A longer line is no delimiter, so that nobody looks up megabytes.
pub const LONGEST_BOUNDARY: usize = 250;

/// A field of addresses may be longer, and so many of them are shown.
const MOST_ADDRESS_FIELD: usize = 16 << 10;
const MOST_ADDRESSES: usize = 100;

/// Reads a mail's own header.
pub fn headers(header: &[u8], cut: &mut BTreeSet<Cut>, budget: &Budget) -> Reading {
    let mut reading = Reading::default();
    let mut has_reply_to = false;
    for (count, field) in fields(header).enumerate() {
        if count >= MOST_FIELDS || !budget.goes_on() {
            cut.insert(Cut::Headers);
            break;
        }
        if field.value.len() > MOST_VALUE {
            cut.insert(Cut::Headers);
        }
        let value = field.text();
        match field.name.to_ascii_lowercase().as_str() {
            // Where a field stands twice, what reads mail takes the first; so do we.
            "from" if reading.from.is_empty() => reading.from = field.people(cut),
            "to" => reading.to.append(&mut field.people(cut)),
            "cc" => reading.cc.append(&mut field.people(cut)),
            "reply-to" if !has_reply_to => {
                has_reply_to = true;
                reading.reply_to = field.people(cut);
            }
            "date" if reading.date.is_none() => reading.date = field.date(),
            "subject" if reading.subject.is_none() => reading.subject = Some(value.clone()).filter(|it| !it.is_empty()),
            "message-id" if reading.message_id.is_none() => {
                reading.message_id = field.id().map(|id| format!("<{id}>"));
            }
            _ => {}
        }
        reading.headers.push((field.name, value));
    }
    for people in [&mut reading.to, &mut reading.cc] {
        if people.len() > MOST_ADDRESSES {
            people.truncate(MOST_ADDRESSES);
            cut.insert(Cut::Addresses);
        }
    }
    reading
}

/// What a part's header says of it.
#[derive(Debug, Default)]
pub struct PartFields {
    pub content_type: Option<Type>,
    pub disposition: Option<Type>,
    pub content_id: Option<String>,
    /// In small letters; empty where nothing is said.
    pub encoding: String,
}

/// Reads what a part's header says of it. Where a field stands twice, the first counts.
pub fn of_part(header: &[u8], budget: &Budget) -> PartFields {
    let mut found = PartFields::default();
    for field in fields(header).take(MOST_FIELDS).take_while(|_| budget.steps_on()) {
        match field.name.to_ascii_lowercase().as_str() {
            "content-type" if found.content_type.is_none() => found.content_type = field.kind(),
            "content-disposition" if found.disposition.is_none() => found.disposition = field.kind(),
            "content-id" if found.content_id.is_none() => found.content_id = field.id(),
            "content-transfer-encoding" if found.encoding.is_empty() => {
                found.encoding = field.text().trim().to_ascii_lowercase();
            }
            _ => {}
        }
    }
    found
}

/// A Content-Type or a Content-Disposition.
#[derive(Debug)]
pub struct Type {
    /// `text/plain`, `attachment`; in small letters.
    pub name: String,
    parameters: Vec<(String, String)>,
}

impl Type {
    /// What a part is that says nothing (RFC 2046 5.1.5).
    pub fn default_of(is_in_digest: bool) -> Self {
        let name = if is_in_digest { "message/rfc822" } else { "text/plain" };
        Self { name: name.to_owned(), parameters: Vec::new() }
    }

    /// The last parameter of this name: `filename*` commonly follows the `filename` for old readers.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(its, _)| its == name).map(|(_, value)| value.as_str())
    }

    /// What parts its parts, if it can. White space at its end is not counted (RFC 2046 5.1.1).
    pub fn boundary(&self) -> Option<&[u8]> {
        let (_, value) = self.parameters.iter().find(|(name, _)| name == "boundary")?;
        let boundary = value.trim_end().as_bytes();
        (!boundary.is_empty() && boundary.len() <= LONGEST_BOUNDARY).then_some(boundary)
    }

    fn read(value: &ContentType<'_>) -> Self {
        let clean = |text: &str| shown_within(text, MOST_NAME).to_ascii_lowercase();
        let name = match value.subtype() {
            Some(subtype) => format!("{}/{}", clean(value.ctype()), clean(subtype)),
            None => clean(value.ctype()),
        };
        let parameters = value.attributes().unwrap_or_default().iter();
        Self { name, parameters: parameters.map(|it| (it.name.to_string(), it.value.to_string())).collect() }
    }
}

/// A field as it stands in the header.
struct Field<'a> {
    name: String,
    /// Folded, as sent.
    value: &'a [u8],
}

/// The fields of a header. Lines that are none, such as mbox's `From `, are passed over.
fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = header;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let mut end = 0;
            loop {
                let line = rest.get(end..).unwrap_or_default();
                end += line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1);
                if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                    break;
                }
            }
            let (field, after) = rest.split_at_checked(end)?;
            rest = after;
            let Some(colon) = field.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = field.split_at_checked(colon)?;
            let name = name.trim_ascii();
            // A name has neither spaces nor anything outside ASCII (RFC 5322 3.6.8).
            if !name.is_empty() && name.len() <= MOST_NAME && name.iter().all(u8::is_ascii_graphic) {
                let value = value.get(1..).unwrap_or_default();
                return Some(Field { name: String::from_utf8_lossy(name).into_owned(), value });
            }
        }
        None
    })
}

impl Field<'_> {
    /// On one line that ends, as the decoder wants it, and not longer than this.
    fn line(&self, most: usize) -> Vec<u8> {
        let value = self.value.get(..most).unwrap_or(self.value);
        let mut line: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        line.extend_from_slice(b"\r\n");
        line
    }

    fn text(&self) -> String {
        let line = self.line(MOST_VALUE);
        match MessageStream::new(&line).parse_unstructured() {
            HeaderValue::Text(text) => shown_within(&text, MOST_VALUE),
            _ => String::new(),
        }
    }

    fn id(&self) -> Option<String> {
        let line = self.line(MOST_VALUE);
        let value = MessageStream::new(&line).parse_id();
        let first = match &value {
            HeaderValue::Text(id) => id,
            HeaderValue::TextList(ids) => ids.first()?,
            _ => return None,
        };
        Some(shown_within(first, 1000)).filter(|id| !id.is_empty())
    }

    fn kind(&self) -> Option<Type> {
        let line = self.line(MOST_VALUE);
        match MessageStream::new(&line).parse_content_type() {
            HeaderValue::ContentType(value) => Some(Type::read(&value)),
            _ => None,
        }
    }

    fn date(&self) -> Option<Timestamp> {
        let line = self.line(MOST_NAME);
        match MessageStream::new(&line).parse_date() {
            HeaderValue::DateTime(date) if date.is_valid() => Some(Timestamp(date.to_timestamp() * 1000)),
            _ => None,
        }
    }

    fn people(&self, cut: &mut BTreeSet<Cut>) -> Vec<Person> {
        let line = self.line(MOST_ADDRESS_FIELD);
        let HeaderValue::Address(addresses) = MessageStream::new(&line).parse_address() else { return Vec::new() };
        let addresses = match addresses {
            Address::List(list) => list,
            Address::Group(groups) => groups.into_iter().flat_map(|group| group.addresses).collect(),
        };
        if addresses.len() > MOST_ADDRESSES || self.value.len() > MOST_ADDRESS_FIELD {
            cut.insert(Cut::Addresses);
        }
        let clean = |text: Option<Cow<'_, str>>| text.map(|it| shown_within(&it, 300)).filter(|it| !it.is_empty());
        let people = addresses.into_iter().take(MOST_ADDRESSES);
        let people = people.map(|one| Person { name: clean(one.name), address: clean(one.address) });
        people.filter(|one| one.name.is_some() || one.address.is_some()).collect()
    }
}
