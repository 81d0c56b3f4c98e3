//! Chooses the text to be read and the attachments from the parts of a mail.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::html::html_to_text;

use super::budget::Budget;
use super::decode::Decoder;
use super::html::{escaped, shape_without_pictures};
use super::parts::{Part, Parts};
use super::{Attachment, Content, Cut, MAX_TEXT, Reading, decode};
use crate::shown::shown_lines;

/// Maximum size of a picture that is embedded in the HTML, in bytes.
const MAX_PICTURE: usize = 5 << 20;

/// The parts with text to be read. Each is decoded at most once, even if several results use it.
pub struct Bodies<'p, 'a> {
    bodies: Vec<Body<'p, 'a>>,
    budget: &'p Budget,
}

struct Body<'p, 'a> {
    part: &'p Part<'a>,
    decoded: OnceCell<(String, bool)>,
}

impl<'p, 'a> Bodies<'p, 'a> {
    pub fn new(parts: &'p Parts<'a>, budget: &'p Budget) -> Self {
        let bodies = parts.parts.iter().filter(|part| part.is_body);
        Self { bodies: bodies.map(|part| Body { part, decoded: OnceCell::new() }).collect(), budget }
    }

    /// The text, if there is any. HTML parts that are not an alternative form are converted to text and included at their
    /// position, so that a reader of the text does not miss them.
    fn text(&self, cut: &mut BTreeSet<Cut>) -> Option<String> {
        self.joined(Cut::Text, cut, &|part| !is_plain(part), &|part, text| match is_plain(part) {
            true => Cow::Borrowed(text),
            false => Cow::Owned(as_text(text, self.budget)),
        })
    }

    /// The HTML as sent, if there is any. Text parts that are not an alternative form are included at their position.
    pub fn html(&self, cut: &mut BTreeSet<Cut>) -> Option<String> {
        self.joined(Cut::Html, cut, &is_plain, &|part, text| match is_plain(part) {
            true if text.trim().is_empty() => Cow::Borrowed(""),
            true => Cow::Owned(format!("<pre>{}</pre>", escaped(text))),
            false => Cow::Borrowed(text),
        })
    }

    /// Joins the parts of one kind, including parts of the other kind that are not an alternative form; `None` if there is
    /// no part of the one kind. `form` converts the text of a part to the one kind.
    fn joined(
        &self,
        which: Cut,
        cut: &mut BTreeSet<Cut>,
        is_other: &dyn Fn(&Part<'_>) -> bool,
        form: &dyn for<'t> Fn(&Part<'_>, &'t str) -> Cow<'t, str>,
    ) -> Option<String> {
        let selected = || self.bodies.iter().filter(|body| !is_other(body.part) || !body.part.is_alternative);
        if selected().all(|body| is_other(body.part)) {
            return None;
        }
        let mut whole = String::new();
        for body in selected() {
            if !self.budget.has_time() {
                cut.insert(which);
                break;
            }
            let (text, is_long) = body.decoded.get_or_init(|| self.decoded(body.part));
            if !whole.is_empty() {
                whole.push('\n');
            }
            whole.push_str(&form(body.part, text));
            if decode::shorten(&mut whole, MAX_TEXT) || *is_long {
                cut.insert(which);
                break;
            }
        }
        Some(whole)
    }

    /// The text of a part, and whether it is longer than the limit.
    fn decoded(&self, part: &Part<'_>) -> (String, bool) {
        let bytes = decode::transfer(&part.encoding, part.body, MAX_TEXT + 1, self.budget);
        (decode::text(part.charset.as_deref(), &bytes), bytes.len() > MAX_TEXT)
    }
}

/// Fills in the texts and attachments.
pub fn fill(reading: &mut Reading, parts: &Parts<'_>, cut: &mut BTreeSet<Cut>, budget: &Budget) {
    let bodies = Bodies::new(parts, budget);
    reading.html = bodies.html(cut);
    reading.text = bodies.text(cut).map(|text| shown_lines(&text));
    if let (None, Some(html)) = (&reading.text, &reading.html) {
        reading.text = Some(as_text(html, budget));
        reading.is_text_from_html = true;
    }
    if let Some(text) = &mut reading.text {
        decode::shorten(text, MAX_TEXT);
    }
    let attachments = parts.attachments().enumerate();
    reading.attachments = attachments.map(|(index, part)| attachment(index, part, budget)).collect();
}

fn attachment(index: usize, part: &Part<'_>, budget: &Budget) -> Attachment {
    Attachment {
        index,
        name: part.name.clone(),
        content_type: part.content_type.clone(),
        size: decode::size(&part.encoding, part.body, budget).unwrap_or(part.body.len() as u64),
        is_inline: part.is_inline,
        content_id: part.content_id.clone(),
        is_cut: part.is_cut,
    }
}

/// The SHA-256 of each attachment's decoded bytes; `None` if the attachment is cut or the budget does not suffice.
pub fn attachment_hashes(parts: &Parts<'_>, budget: &Budget) -> Vec<Option<[u8; 32]>> {
    let hash = |part: &Part<'_>| decode::sha256(&part.encoding, part.body, budget).filter(|_| !part.is_cut);
    parts.attachments().map(hash).collect()
}

fn is_plain(part: &Part<'_>) -> bool {
    part.content_type != "text/html"
}

fn as_text(html: &str, budget: &Budget) -> String {
    // The reshaped HTML is limited in size, has no scripts, styles or comments, and all its tags are closed.
    shown_lines(&html_to_text(&shape_without_pictures(html, budget)))
}

/// The location of an attachment.
pub fn content(parts: &Parts<'_>, index: usize, budget: &Budget) -> Option<Content> {
    let part = parts.attachments().nth(index).filter(|part| !part.is_cut)?;
    Some(Content {
        name: part.name.clone(),
        size: decode::size(&part.encoding, part.body, budget),
        range: part.offset..part.offset + part.body.len(),
        decoder: Decoder::for_encoding(&part.encoding),
    })
}

/// The picture with this Content-ID, as a data URI. The type is determined from the first bytes, not from the declared
/// type. SVG is not accepted: it can contain scripts.
pub fn picture(parts: &Parts<'_>, content_id: &str, budget: &Budget) -> Option<String> {
    let part = parts.attachments().find(|part| part.content_id.as_deref() == Some(content_id))?;
    if part.is_cut || part.body.len() > MAX_PICTURE * 3 {
        return None;
    }
    let bytes = decode::transfer(&part.encoding, part.body, MAX_PICTURE + 1, budget);
    if bytes.len() > MAX_PICTURE || !budget.has_time() {
        return None;
    }
    let kind = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        _ => return None,
    };
    Some(format!("data:image/{kind};base64,{}", STANDARD.encode(&bytes)))
}
