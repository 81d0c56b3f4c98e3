//! Reads a stored mail for display by the pages and the API: header fields, text, sanitised HTML, attachments.
//!
//! The functions are pure: bytes in, values out. The input is untrusted, so:
//!
//! 1. Every step has a limit and takes time proportional to the size of its input, each part is decoded once, and all work
//!    stops when the [`budget`] is used up; the result lists what was left out. Mail is split into parts here and not by
//!    `mail_parser`, whose traversal of parts is quadratic in places, and whose nested messages overflow the stack when they
//!    are dropped, which aborts the process. `mail_parser` only decodes single fields of limited length.
//! 2. Reading runs on a thread with its own stack and under `catch_unwind`. A mail that causes a panic "cannot be shown";
//!    the raw mail can still be downloaded.
//! 3. HTML goes through [`html::clean_html`] before it is shown, and then into a sandboxed frame.
//!
//! The functions block for up to [`budget::TIME_LIMIT`]: call them with `spawn_blocking`.

mod body;
mod budget;
mod decode;
mod fields;
mod html;
mod name;
mod parts;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use serde::Serialize;

use crate::clock::Timestamp;
use budget::{Budget, TIME_LIMIT};
use html::clean_html;
use parts::Parts;

pub use decode::Decoder;
pub use html::{Cleaned, FRAME_POLICY, frame_document};
pub use name::content_disposition;

/// Maximum number of bytes of a mail that are read. Callers of [`read`], [`html`] and [`attachment`] need not load
/// more.
pub const MAX_INPUT: usize = 50 << 20;

/// Maximum size of the text and of the HTML that are shown, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Stack size of the thread. Nothing recurses over the input; this is a precaution against an oversight.
const STACK_SIZE: usize = 4 << 20;

/// The error for a mail that could not be parsed. Its raw bytes can still be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this mail cannot be shown; its raw bytes can be fetched")]
pub struct Unreadable;

/// The parts of a mail that are shown.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reading {
    /// The header fields in order: name, and value unfolded and decoded.
    pub headers: Vec<(String, String)>,
    pub from: Vec<Correspondent>,
    pub to: Vec<Correspondent>,
    pub cc: Vec<Correspondent>,
    pub reply_to: Vec<Correspondent>,
    /// The time in the Date field, if it contains one. The sender chooses it.
    pub date: Option<Timestamp>,
    pub subject: Option<String>,
    /// Message-ID, with angle brackets.
    pub message_id: Option<String>,
    /// The text. If the sender wrote only HTML, this is the text of the HTML.
    pub text: Option<String>,
    /// Whether the text was extracted from the HTML, because the sender wrote none.
    pub is_text_from_html: bool,
    /// The HTML as sent, decoded. It is not sanitised, so it is not safe to show.
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// The reasons why the mail is not shown completely; empty if it is.
    pub cut: BTreeSet<Cut>,
}

/// A name and an address from a header field. Either may be missing, and the name may be any text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Correspondent)]
pub struct Correspondent {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// A part of a mail that is not its text: a file, a picture in the HTML, an attached mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Attachment {
    /// The number of the attachment; always the same for the same mail.
    pub index: usize,
    /// The file name, without folders and without misleading characters.
    pub name: Option<String>,
    /// The declared type in lower case, which is not verified.
    pub content_type: String,
    /// The decoded size in bytes; the size as sent if computing it would take too long.
    pub size: u64,
    /// Whether the attachment is shown within the text, as pictures are, and not below it.
    pub is_inline: bool,
    /// The Content-ID by which the HTML refers to it, without angle brackets.
    pub content_id: Option<String>,
    /// Whether the attachment extends beyond the part of the mail that is read. Such an attachment cannot be fetched, but
    /// the raw mail contains it.
    pub is_cut: bool,
}

/// A reason why a mail is not shown completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// The mail is larger than [`MAX_INPUT`].
    Mail,
    /// The mail has more or longer header fields than are shown.
    Headers,
    /// A field has more addresses than are shown.
    Addresses,
    /// The mail has more parts than are shown.
    Parts,
    /// Parts are nested too deeply.
    Depth,
    /// The text is too long to be shown completely.
    Text,
    /// The HTML is too long to be shown completely.
    Html,
    /// Reading everything would have taken too long.
    Time,
}

/// The location of an attachment, whose content is decoded while it is read, so that it need not be held in memory.
#[derive(Debug)]
pub struct Content {
    pub name: Option<String>,
    /// The decoded size in bytes; `None` if computing it would take too long.
    pub size: Option<u64>,
    /// The range of the encoded bytes in the mail.
    pub range: Range<usize>,
    /// The decoder for these bytes.
    pub decoder: Decoder,
}

#[cfg(any(test, feature = "fuzzing"))]
impl Content {
    /// Decodes the attachment from the bytes of its mail.
    pub fn bytes(mut self, raw: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.decoder.push(raw.get(self.range).unwrap_or_default(), &mut |byte| bytes.push(byte));
        self.decoder.finish(&mut |byte| bytes.push(byte));
        bytes
    }
}

/// A mail for a page, with the number of remote pictures in its HTML.
#[derive(Debug)]
pub struct View {
    pub reading: Reading,
    /// Number of remote pictures, as [`Cleaned::remote`]; `None` if there is no HTML.
    pub remote: Option<usize>,
}

/// Reads a mail.
pub fn read(raw: &[u8]) -> Result<Reading, Unreadable> {
    view(raw).map(|view| view.reading)
}

/// Reads a mail, and counts the remote pictures of its HTML.
pub fn view(raw: &[u8]) -> Result<View, Unreadable> {
    run_guarded(|| build_view(raw, &Budget::new(TIME_LIMIT)))
}

fn build_view(raw: &[u8], budget: &Budget) -> View {
    let mut cut = BTreeSet::new();
    let parts = Parts::parse(raw, &mut cut, budget);
    let mut reading = build_reading(&parts, &mut cut, budget);
    let remote = reading.html.as_ref().map(|html| html::remote(html, budget));
    budget.report(&mut cut);
    reading.cut = cut;
    View { reading, remote }
}

fn build_reading(parts: &Parts<'_>, cut: &mut BTreeSet<Cut>, budget: &Budget) -> Reading {
    let mut reading = fields::headers(parts.header(), cut, budget);
    body::fill(&mut reading, parts, cut, budget);
    reading
}

/// A mail for another program, which may show it to people.
#[derive(Debug)]
pub struct Export {
    /// The mail. Its HTML is sanitised and contains the pictures that came with the mail.
    pub reading: Reading,
    /// The SHA-256 of each attachment's decoded bytes; `None` if the attachment is cut or hashing it would take too long.
    pub hashes: Vec<Option<[u8; 32]>>,
}

/// Reads a mail for another program.
pub fn export(raw: &[u8]) -> Result<Export, Unreadable> {
    run_guarded(|| build_export(raw, &Budget::new(TIME_LIMIT)))
}

fn build_export(raw: &[u8], budget: &Budget) -> Export {
    let mut cut = BTreeSet::new();
    let parts = Parts::parse(raw, &mut cut, budget);
    let mut reading = build_reading(&parts, &mut cut, budget);
    if let Some(html) = reading.html.take() {
        let cleaned = clean_html(&html, &|id| body::picture(&parts, id, budget), budget);
        if cleaned.is_cut {
            cut.insert(Cut::Html);
        }
        reading.html = Some(cleaned.html);
    }
    let hashes = body::attachment_hashes(&parts, budget);
    budget.report(&mut cut);
    reading.cut = cut;
    Export { reading, hashes }
}

/// The sanitised HTML of a mail, with the pictures contained in the mail; `None` if the mail has no HTML.
pub fn html(raw: &[u8]) -> Result<Option<Cleaned>, Unreadable> {
    run_guarded(|| cleaned_html(raw, &Budget::new(TIME_LIMIT)))
}

fn cleaned_html(raw: &[u8], budget: &Budget) -> Option<Cleaned> {
    let mut cut = BTreeSet::new();
    let parts = Parts::parse(raw, &mut cut, budget);
    let html = body::Bodies::new(&parts, budget).html(&mut cut)?;
    let mut cleaned = clean_html(&html, &|id| body::picture(&parts, id, budget), budget);
    budget.report(&mut cut);
    cleaned.is_cut |= !cut.is_empty();
    Some(cleaned)
}

/// One attachment; `None` if no attachment has this number, or if it extends beyond the part of the mail that is read.
pub fn attachment(raw: &[u8], index: usize) -> Result<Option<Content>, Unreadable> {
    run_guarded(|| {
        let budget = Budget::new(TIME_LIMIT);
        body::content(&Parts::parse(raw, &mut BTreeSet::new(), &budget), index, &budget)
    })
}

/// Sanitises HTML that has already been sanitised.
#[cfg(feature = "fuzzing")]
pub fn cleaned_again(html: &str) -> String {
    clean_html(html, &|_| None, &Budget::new(TIME_LIMIT)).html
}

/// Runs a parser of untrusted input on a thread of its own.
fn run_guarded<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Unreadable> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("reading".to_owned()).stack_size(STACK_SIZE);
        let worker = worker.spawn_scoped(scope, || catch_unwind(AssertUnwindSafe(work)));
        // A thread that cannot start, an uncaught panic and a caught one all mean that there is nothing to show.
        worker.map_err(|_| Unreadable)?.join().map_err(|_| Unreadable)?.map_err(|_| Unreadable)
    })
}
