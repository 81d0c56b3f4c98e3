//! What of a mail's parts is read, and what is an attachment.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::html::html_to_text;

use super::html::{escaped, shape};
use super::parts::{Part, Parts};
use super::{Attachment, Content, Cut, MOST_TEXT, Reading, decode};
use crate::shown::shown_lines;

/// A picture larger than this does not become part of the page.
const MOST_PICTURE: usize = 5 << 20;

/// Adds texts and attachments.
pub fn fill(reading: &mut Reading, parts: &Parts<'_>, cut: &mut BTreeSet<Cut>) {
    reading.html = html(parts, cut);
    reading.text = text(parts, cut).map(|text| shown_lines(&text));
    if let (None, Some(html)) = (&reading.text, &reading.html) {
        reading.text = Some(as_text(html));
        reading.is_text_from_html = true;
    }
    if let Some(text) = &mut reading.text {
        decode::shorten(text, MOST_TEXT);
    }
    reading.attachments = parts.attachments().enumerate().map(|(index, part)| attachment(index, part)).collect();
}

fn attachment(index: usize, part: &Part<'_>) -> Attachment {
    Attachment {
        index,
        name: part.name.clone(),
        content_type: part.content_type.clone(),
        size: decode::size(&part.encoding, part.body),
        is_inline: part.is_inline,
        content_id: part.content_id.clone(),
        is_cut: part.is_cut,
    }
}

/// The text, where there is one: of a mail that also has HTML outside of any choice, with that in its place, so that nobody
/// who reads the text misses it.
fn text(parts: &Parts<'_>, cut: &mut BTreeSet<Cut>) -> Option<String> {
    let pieces: Vec<&Part<'_>> = bodies(parts).filter(|part| is_plain(part) || !part.is_alternative).collect();
    pieces
        .iter()
        .any(|part| is_plain(part))
        .then(|| joined(&pieces, Cut::Text, cut, &|part, text| if is_plain(part) { text } else { as_text(&text) }))
}

/// The HTML, as sent. Texts outside of any choice stand in their place, for the same reason.
pub fn html(parts: &Parts<'_>, cut: &mut BTreeSet<Cut>) -> Option<String> {
    let pieces: Vec<&Part<'_>> = bodies(parts).filter(|part| !is_plain(part) || !part.is_alternative).collect();
    pieces.iter().any(|part| !is_plain(part)).then(|| {
        joined(&pieces, Cut::Html, cut, &|part, text| match is_plain(part) {
            true if text.trim().is_empty() => String::new(),
            true => format!("<pre>{}</pre>", escaped(&text)),
            false => text,
        })
    })
}

fn joined(
    pieces: &[&Part<'_>],
    which: Cut,
    cut: &mut BTreeSet<Cut>,
    form: &dyn Fn(&Part<'_>, String) -> String,
) -> String {
    let mut whole = String::new();
    for part in pieces {
        let bytes = decode::transfer(&part.encoding, part.body, MOST_TEXT + 1);
        let is_long = bytes.len() > MOST_TEXT;
        if !whole.is_empty() {
            whole.push('\n');
        }
        whole.push_str(&form(part, decode::text(part.charset.as_deref(), &bytes)));
        if is_long || decode::shorten(&mut whole, MOST_TEXT) {
            decode::shorten(&mut whole, MOST_TEXT);
            cut.insert(which);
            break;
        }
    }
    whole
}

fn bodies<'p, 'a>(parts: &'p Parts<'a>) -> impl Iterator<Item = &'p Part<'a>> {
    parts.parts.iter().filter(|part| part.is_body)
}

fn is_plain(part: &Part<'_>) -> bool {
    part.content_type != "text/html"
}

fn as_text(html: &str) -> String {
    // In its bounded form: without scripts, styles and comments, and with every tag ended.
    shown_lines(&html_to_text(&shape(html)))
}

/// The bytes of an attachment.
pub fn content(parts: &Parts<'_>, index: usize) -> Option<Content> {
    let part = parts.attachments().nth(index).filter(|part| !part.is_cut)?;
    Some(Content {
        name: part.name.clone(),
        content_type: part.content_type.clone(),
        bytes: decode::transfer(&part.encoding, part.body, usize::MAX),
    })
}

/// The picture that HTML calls for by this Content-ID, as a data URI. What it is, its own first bytes say; the declared type
/// does not count. SVG is none: it is a document with scripts.
pub fn picture(parts: &Parts<'_>, content_id: &str) -> Option<String> {
    let part = parts.attachments().find(|part| part.content_id.as_deref() == Some(content_id))?;
    // HTML may call for one thing a hundred times: what it is, and whether it is far too large, is seen without decoding it.
    if part.is_cut || part.body.len() > MOST_PICTURE * 3 {
        return None;
    }
    let kind = match decode::transfer(&part.encoding, part.body, 12).as_slice() {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => "webp",
        _ => return None,
    };
    let bytes = decode::transfer(&part.encoding, part.body, MOST_PICTURE + 1);
    (bytes.len() <= MOST_PICTURE).then(|| format!("data:image/{kind};base64,{}", STANDARD.encode(&bytes)))
}
