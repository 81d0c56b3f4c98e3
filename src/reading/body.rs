//! What of a mail's parts is read, and what is an attachment.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::html::html_to_text;

use super::budget::Budget;
use super::decode::Decoder;
use super::html::{escaped, shape};
use super::parts::{Part, Parts};
use super::{Attachment, Content, Cut, MOST_TEXT, Reading, decode};
use crate::shown::shown_lines;

/// A picture larger than this does not become part of the page.
const MOST_PICTURE: usize = 5 << 20;

/// What is to be read of a mail. Each part is decoded once, however many forms of the text it goes into.
pub struct Bodies<'p, 'a> {
    pieces: Vec<Piece<'p, 'a>>,
    budget: &'p Budget,
}

struct Piece<'p, 'a> {
    part: &'p Part<'a>,
    decoded: OnceCell<(String, bool)>,
}

impl<'p, 'a> Bodies<'p, 'a> {
    pub fn of(parts: &'p Parts<'a>, budget: &'p Budget) -> Self {
        let bodies = parts.parts.iter().filter(|part| part.is_body);
        Self { pieces: bodies.map(|part| Piece { part, decoded: OnceCell::new() }).collect(), budget }
    }

    /// The text, where there is one: of a mail that also has HTML outside of any choice, with that in its place, so that nobody
    /// who reads the text misses it.
    fn text(&self, cut: &mut BTreeSet<Cut>) -> Option<String> {
        self.joined(Cut::Text, cut, &|part| !is_plain(part), &|part, text| match is_plain(part) {
            true => Cow::Borrowed(text),
            false => Cow::Owned(as_text(text, self.budget)),
        })
    }

    /// The HTML, as sent. Texts outside of any choice stand in their place, for the same reason.
    pub fn html(&self, cut: &mut BTreeSet<Cut>) -> Option<String> {
        self.joined(Cut::Html, cut, &is_plain, &|part, text| match is_plain(part) {
            true if text.trim().is_empty() => Cow::Borrowed(""),
            true => Cow::Owned(format!("<pre>{}</pre>", escaped(text))),
            false => Cow::Borrowed(text),
        })
    }

    /// The pieces of one kind, with those of the other kind in their place that are no mere choice; `None`: there is none of the kind.
    fn joined(
        &self,
        which: Cut,
        cut: &mut BTreeSet<Cut>,
        is_other: &dyn Fn(&Part<'_>) -> bool,
        form: &dyn for<'t> Fn(&Part<'_>, &'t str) -> Cow<'t, str>,
    ) -> Option<String> {
        let pieces = || self.pieces.iter().filter(|piece| !is_other(piece.part) || !piece.part.is_alternative);
        if pieces().all(|piece| is_other(piece.part)) {
            return None;
        }
        let mut whole = String::new();
        for piece in pieces() {
            if !self.budget.goes_on() {
                cut.insert(which);
                break;
            }
            let (text, is_long) = piece.decoded.get_or_init(|| self.decoded(piece.part));
            if !whole.is_empty() {
                whole.push('\n');
            }
            whole.push_str(&form(piece.part, text));
            if decode::shorten(&mut whole, MOST_TEXT) || *is_long {
                cut.insert(which);
                break;
            }
        }
        Some(whole)
    }

    /// A part's text, and whether it is longer than is shown.
    fn decoded(&self, part: &Part<'_>) -> (String, bool) {
        let bytes = decode::transfer(&part.encoding, part.body, MOST_TEXT + 1, self.budget);
        (decode::text(part.charset.as_deref(), &bytes), bytes.len() > MOST_TEXT)
    }
}

/// Adds texts and attachments.
pub fn fill(reading: &mut Reading, parts: &Parts<'_>, cut: &mut BTreeSet<Cut>, budget: &Budget) {
    let bodies = Bodies::of(parts, budget);
    reading.html = bodies.html(cut);
    reading.text = bodies.text(cut).map(|text| shown_lines(&text));
    if let (None, Some(html)) = (&reading.text, &reading.html) {
        reading.text = Some(as_text(html, budget));
        reading.is_text_from_html = true;
    }
    if let Some(text) = &mut reading.text {
        decode::shorten(text, MOST_TEXT);
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

fn is_plain(part: &Part<'_>) -> bool {
    part.content_type != "text/html"
}

fn as_text(html: &str, budget: &Budget) -> String {
    // In its bounded form: without scripts, styles and comments, and with every tag ended.
    shown_lines(&html_to_text(&shape(html, budget)))
}

/// Where an attachment lies.
pub fn content(parts: &Parts<'_>, index: usize, budget: &Budget) -> Option<Content> {
    let part = parts.attachments().nth(index).filter(|part| !part.is_cut)?;
    Some(Content {
        name: part.name.clone(),
        size: decode::size(&part.encoding, part.body, budget),
        lies: part.at..part.at + part.body.len(),
        decoder: Decoder::of(&part.encoding),
    })
}

/// The picture that HTML calls for by this Content-ID, as a data URI. What it is, its own first bytes say; the declared type
/// does not count. SVG is none: it is a document with scripts.
pub fn picture(parts: &Parts<'_>, content_id: &str, budget: &Budget) -> Option<String> {
    let part = parts.attachments().find(|part| part.content_id.as_deref() == Some(content_id))?;
    if part.is_cut || part.body.len() > MOST_PICTURE * 3 {
        return None;
    }
    let bytes = decode::transfer(&part.encoding, part.body, MOST_PICTURE + 1, budget);
    if bytes.len() > MOST_PICTURE || !budget.goes_on() {
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
