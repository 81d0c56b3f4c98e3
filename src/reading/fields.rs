//! Header fields, each decoded separately and up to a limit.

use std::borrow::Cow;
use std::collections::BTreeSet;

use mail_parser::parsers::MessageStream;
use mail_parser::{Address, ContentType, HeaderValue};

use super::budget::Budget;
use super::{Correspondent, Cut, Reading};
use crate::clock::Timestamp;
use crate::mail::fields::{Field, MAX_NAME, fields};
use crate::shown::shown_within;

/// Maximum number of fields that are shown.
const MAX_FIELDS: usize = 200;

/// Maximum length of a field that is decoded, in bytes as sent. The decoder may look at a byte a thousand times, so the
/// limit is small.
const MAX_VALUE: usize = 4 << 10;

/// Maximum length of a boundary. RFC 2046 section 5.1.1 allows 70. A longer line does not count as a delimiter, which limits
/// the cost of the lookup.
pub const MAX_BOUNDARY: usize = 250;

/// Maximum length of an address field, in bytes.
const MAX_ADDRESS_FIELD: usize = 16 << 10;
/// Maximum number of addresses of an address field.
const MAX_ADDRESSES: usize = 100;

/// Parses the header of a mail.
pub fn headers(header: &[u8], cut: &mut BTreeSet<Cut>, budget: &Budget) -> Reading {
    let mut reading = Reading::default();
    let mut has_reply_to = false;
    for (count, field) in fields(header).enumerate() {
        if count >= MAX_FIELDS || !budget.has_time() {
            cut.insert(Cut::Headers);
            break;
        }
        if field.value.len() > MAX_VALUE {
            cut.insert(Cut::Headers);
        }
        let value = field.text();
        match field.name.to_ascii_lowercase().as_str() {
            // If a field occurs twice, the first one counts, as in mail clients; only To and Cc are joined.
            "from" if reading.from.is_empty() => reading.from = field.people(cut),
            "to" => reading.to.append(&mut field.people(cut)),
            "cc" => reading.cc.append(&mut field.people(cut)),
            "reply-to" if !has_reply_to => {
                has_reply_to = true;
                reading.reply_to = field.people(cut);
            }
            "date" if reading.date.is_none() => reading.date = field.date(),
            "subject" if reading.subject.is_none() => {
                reading.subject = Some(value.clone()).filter(|subject| !subject.is_empty())
            }
            "message-id" if reading.message_id.is_none() => {
                reading.message_id = field.id().map(|id| format!("<{id}>"));
            }
            _ => {}
        }
        reading.headers.push((field.name.to_owned(), value));
    }
    for people in [&mut reading.to, &mut reading.cc] {
        if people.len() > MAX_ADDRESSES {
            people.truncate(MAX_ADDRESSES);
            cut.insert(Cut::Addresses);
        }
    }
    reading
}

/// The fields of a part's header.
#[derive(Debug, Default)]
pub struct PartFields {
    pub content_type: Option<ParameterizedValue>,
    pub disposition: Option<ParameterizedValue>,
    pub content_id: Option<String>,
    /// The transfer encoding in lower case; empty if missing.
    pub encoding: String,
}

/// Parses the header of a part. If a field occurs twice, the first one counts.
pub fn part_fields(header: &[u8], budget: &Budget) -> PartFields {
    let mut found = PartFields::default();
    for field in fields(header).take(MAX_FIELDS).take_while(|_| budget.has_time_for_step()) {
        match field.name.to_ascii_lowercase().as_str() {
            "content-type" if found.content_type.is_none() => found.content_type = field.parameterized(),
            "content-disposition" if found.disposition.is_none() => found.disposition = field.parameterized(),
            "content-id" if found.content_id.is_none() => found.content_id = field.id(),
            "content-transfer-encoding" if found.encoding.is_empty() => {
                found.encoding = field.text().trim().to_ascii_lowercase();
            }
            _ => {}
        }
    }
    found
}

/// The value of a Content-Type or Content-Disposition field.
#[derive(Debug)]
pub struct ParameterizedValue {
    /// The type or disposition in lower case, such as `text/plain` or `attachment`.
    pub name: String,
    parameters: Vec<(String, String)>,
}

impl ParameterizedValue {
    /// The type of a part without a Content-Type (RFC 2046 section 5.1.5).
    pub fn default_type(is_in_digest: bool) -> Self {
        let name = if is_in_digest { "message/rfc822" } else { "text/plain" };
        Self { name: name.to_owned(), parameters: Vec::new() }
    }

    /// The last parameter with this name: a `filename*` usually follows a `filename` for old clients.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(parameter, _)| parameter == name).map(|(_, value)| value.as_str())
    }

    /// The boundary, if it is usable, without trailing white space (RFC 2046 section 5.1.1).
    pub fn boundary(&self) -> Option<&[u8]> {
        let (_, value) = self.parameters.iter().find(|(name, _)| name == "boundary")?;
        let boundary = value.trim_end().as_bytes();
        (!boundary.is_empty() && boundary.len() <= MAX_BOUNDARY).then_some(boundary)
    }

    fn from_parsed(value: &ContentType<'_>) -> Self {
        let clean = |text: &str| shown_within(text, MAX_NAME).to_ascii_lowercase();
        let name = match value.subtype() {
            Some(subtype) => format!("{}/{}", clean(value.ctype()), clean(subtype)),
            None => clean(value.ctype()),
        };
        let parameters = value.attributes().unwrap_or_default().iter();
        Self {
            name,
            parameters: parameters.map(|parameter| (parameter.name.to_string(), parameter.value.to_string())).collect(),
        }
    }
}

/// Decodes the value of a field.
impl Field<'_> {
    /// The value unfolded, limited in length, and ended by a line end, as the decoder expects it.
    fn line(&self, max: usize) -> Vec<u8> {
        let value = self.value.get(..max).unwrap_or(self.value);
        let mut line: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        line.extend_from_slice(b"\r\n");
        line
    }

    fn text(&self) -> String {
        let line = self.line(MAX_VALUE);
        match MessageStream::new(&line).parse_unstructured() {
            HeaderValue::Text(text) => shown_within(&text, MAX_VALUE),
            _ => String::new(),
        }
    }

    fn id(&self) -> Option<String> {
        let line = self.line(MAX_VALUE);
        let value = MessageStream::new(&line).parse_id();
        let first = match &value {
            HeaderValue::Text(id) => id,
            HeaderValue::TextList(ids) => ids.first()?,
            _ => return None,
        };
        Some(shown_within(first, 1000)).filter(|id| !id.is_empty())
    }

    fn parameterized(&self) -> Option<ParameterizedValue> {
        let line = self.line(MAX_VALUE);
        match MessageStream::new(&line).parse_content_type() {
            HeaderValue::ContentType(value) => Some(ParameterizedValue::from_parsed(&value)),
            _ => None,
        }
    }

    fn date(&self) -> Option<Timestamp> {
        let line = self.line(MAX_NAME);
        match MessageStream::new(&line).parse_date() {
            HeaderValue::DateTime(date) if date.is_valid() => Some(Timestamp(date.to_timestamp() * 1000)),
            _ => None,
        }
    }

    fn people(&self, cut: &mut BTreeSet<Cut>) -> Vec<Correspondent> {
        let line = self.line(MAX_ADDRESS_FIELD);
        let HeaderValue::Address(addresses) = MessageStream::new(&line).parse_address() else { return Vec::new() };
        let addresses = match addresses {
            Address::List(list) => list,
            Address::Group(groups) => groups.into_iter().flat_map(|group| group.addresses).collect(),
        };
        if addresses.len() > MAX_ADDRESSES || self.value.len() > MAX_ADDRESS_FIELD {
            cut.insert(Cut::Addresses);
        }
        let clean =
            |text: Option<Cow<'_, str>>| text.map(|text| shown_within(&text, 300)).filter(|text| !text.is_empty());
        let people = addresses.into_iter().take(MAX_ADDRESSES);
        let people = people.map(|entry| Correspondent { name: clean(entry.name), address: clean(entry.address) });
        people.filter(|person| person.name.is_some() || person.address.is_some()).collect()
    }
}
