//! A stored mail as a page and an API show it: its headers, its text, its HTML made harmless, its attachments.
//!
//! Pure: bytes in, values out. What is read was written by strangers, so three things hold:
//!
//! 1. Everything has a limit and takes time in proportion to its size, each part is decoded once, and all of it together ends with
//!    its [`budget`]; what was left out is told. The mail is taken apart here and not by
//!    `mail_parser`, whose way through the parts is quadratic in places and whose nested messages end the process, with a
//!    stack overflow that nothing catches, when they are dropped. It decodes single fields of limited length.
//! 2. It runs on a thread with a stack of its own and under `catch_unwind`. A mail that breaks it "cannot be shown"; its raw
//!    bytes can be fetched all the same.
//! 3. HTML goes through [`html::clean_html`] before anybody sees it, and then into a frame that may do nothing.
//!
//! The functions block for as long as they work, at most [`budget::WITHIN`]: call them with `spawn_blocking`.

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
use budget::{Budget, WITHIN};
use html::clean_html;
use parts::Parts;

pub use decode::Decoder;
pub use html::{Cleaned, FRAME_POLICY, frame_document};
pub use name::disposition;

/// How much of a mail is looked at. Nobody need load more for [`read`], [`html`] and [`attachment`].
pub const MOST_INPUT: usize = 50 << 20;

/// How much of the text and of the HTML is shown, in bytes.
const MOST_TEXT: usize = 1 << 20;

/// How much stack the work gets. Nothing here or below recurses over what a mail says; this is for what we have overlooked.
const STACK: usize = 4 << 20;

/// The mail broke its reader. Its raw bytes are as good as ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this mail cannot be shown; its raw bytes can be fetched")]
pub struct Unreadable;

/// What of a mail is shown.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reading {
    /// The header fields in their order: name, and value unfolded and decoded.
    pub headers: Vec<(String, String)>,
    pub from: Vec<Person>,
    pub to: Vec<Person>,
    pub cc: Vec<Person>,
    pub reply_to: Vec<Person>,
    /// The Date field, where it has a date. A sender may write any.
    pub date: Option<Timestamp>,
    pub subject: Option<String>,
    /// Message-ID, angle brackets included.
    pub message_id: Option<String>,
    /// What is to be read. Where the sender wrote HTML only, this is its text.
    pub text: Option<String>,
    /// The text was taken from the HTML, since the sender wrote none.
    pub is_text_from_html: bool,
    /// The HTML as sent, decoded. Not fit for any page: see [`html`].
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// What is shown in part only, or not at all.
    pub cut: BTreeSet<Cut>,
}

/// A name and an address, as a header gives them. Either may be missing, and the name may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Correspondent)]
pub struct Person {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// A part of a mail that is not what is read: a file, a picture in the HTML, a mail in the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Attachment {
    /// Its number for [`attachment`]; the same every time the same mail is read.
    pub index: usize,
    /// A file name without folders and without what hides or misleads.
    pub name: Option<String>,
    /// As declared, in small letters; nobody has looked whether it is true.
    pub content_type: String,
    /// Its decoded size in bytes; where it would take too long to find out, its size as it was sent.
    pub size: u64,
    /// It is to stand in the text, as pictures do, and not below it.
    pub is_inline: bool,
    /// The name by which the HTML calls for it, without angle brackets.
    pub content_id: Option<String>,
    /// Its end lies beyond what is looked at, so [`attachment`] does not give it; the raw mail has it.
    pub is_cut: bool,
}

/// What was too much to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// The mail is larger than [`MOST_INPUT`].
    Mail,
    /// More header fields than are shown, or longer ones.
    Headers,
    /// More addresses in a field than are shown.
    Addresses,
    /// More parts than are shown.
    Parts,
    /// Parts in parts, too deep.
    Depth,
    /// A longer text than is shown.
    Text,
    /// Longer HTML than is shown.
    Html,
    /// All that would have taken too long to read.
    Time,
}

/// Where an attachment lies. It is decoded as it is taken, so that nobody need hold it.
#[derive(Debug)]
pub struct Content {
    pub name: Option<String>,
    /// Its decoded size in bytes; `None`: it would take too long to find out.
    pub size: Option<u64>,
    /// Which bytes of the mail it is.
    pub lies: Range<usize>,
    /// What they are decoded by.
    pub decoder: Decoder,
}

#[cfg(any(test, feature = "fuzzing"))]
impl Content {
    /// Its bytes, of the mail that it lies in.
    pub fn bytes(mut self, raw: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.decoder.push(raw.get(self.lies).unwrap_or_default(), &mut |byte| bytes.push(byte));
        self.decoder.finish(&mut |byte| bytes.push(byte));
        bytes
    }
}

/// What the page of a mail shows around its HTML.
#[derive(Debug)]
pub struct View {
    pub reading: Reading,
    /// Pictures that lie elsewhere, as [`Cleaned::remote`]; `None`: there is no HTML.
    pub remote: Option<usize>,
}

/// Reads a mail.
pub fn read(raw: &[u8]) -> Result<Reading, Unreadable> {
    view(raw).map(|view| view.reading)
}

/// Reads a mail, and looks over its HTML.
pub fn view(raw: &[u8]) -> Result<View, Unreadable> {
    guarded(|| viewed(raw, &Budget::new(WITHIN)))
}

fn viewed(raw: &[u8], budget: &Budget) -> View {
    let mut cut = BTreeSet::new();
    let parts = Parts::of(raw, &mut cut, budget);
    let mut reading = fields::headers(parts.header(), &mut cut, budget);
    body::fill(&mut reading, &parts, &mut cut, budget);
    let remote = reading.html.as_ref().map(|html| html::remote(html, budget));
    budget.tell(&mut cut);
    reading.cut = cut;
    View { reading, remote }
}

/// A mail's HTML, made harmless, with the pictures that came along in it. `None` if there is none.
pub fn html(raw: &[u8]) -> Result<Option<Cleaned>, Unreadable> {
    guarded(|| cleaned(raw, &Budget::new(WITHIN)))
}

fn cleaned(raw: &[u8], budget: &Budget) -> Option<Cleaned> {
    let mut cut = BTreeSet::new();
    let parts = Parts::of(raw, &mut cut, budget);
    let html = body::Bodies::of(&parts, budget).html(&mut cut)?;
    let mut cleaned = clean_html(&html, &|id| body::picture(&parts, id, budget), budget);
    budget.tell(&mut cut);
    cleaned.is_cut |= !cut.is_empty();
    Some(cleaned)
}

/// One attachment. `None` if there is none of this number, or if its end lies beyond what is looked at.
pub fn attachment(raw: &[u8], index: usize) -> Result<Option<Content>, Unreadable> {
    guarded(|| {
        let budget = Budget::new(WITHIN);
        body::content(&Parts::of(raw, &mut BTreeSet::new(), &budget), index, &budget)
    })
}

/// HTML that was made harmless, made harmless once more.
#[cfg(feature = "fuzzing")]
pub fn cleaned_again(html: &str) -> String {
    clean_html(html, &|_| None, &Budget::new(WITHIN)).html
}

/// A parser is a large program that reads what strangers write.
fn guarded<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Unreadable> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("reading".to_owned()).stack_size(STACK);
        let worker = worker.spawn_scoped(scope, || catch_unwind(AssertUnwindSafe(work)));
        // No thread, an uncaught panic and a caught one are the same to the reader: there is nothing to show.
        worker.map_err(|_| Unreadable)?.join().map_err(|_| Unreadable)?.map_err(|_| Unreadable)
    })
}
