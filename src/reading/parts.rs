//! The parts of a mail (RFC 2046), found in one pass over its lines.

use std::collections::{BTreeSet, HashMap};

use super::budget::Budget;
use super::fields::{self, LONGEST_BOUNDARY, Type};
use super::{Cut, MOST_INPUT, name};

/// So many parts are found; no honest mail comes near.
const MOST_PARTS: usize = 1000;

/// So deep may parts lie in parts. Whatever lies deeper belongs to the part that holds it.
const MOST_DEPTH: usize = 100;

/// How much of a part's header is read. That of the mail itself holds what relays wrote, too.
const MOST_PART_HEADER: usize = 64 << 10;
const MOST_MAIL_HEADER: usize = 1 << 20;

/// A mail taken apart.
#[derive(Debug)]
pub struct Parts<'a> {
    header: &'a [u8],
    pub parts: Vec<Part<'a>>,
}

/// A part that holds no others.
#[derive(Debug, Default, Clone)]
pub struct Part<'a> {
    /// In small letters.
    pub content_type: String,
    pub charset: Option<String>,
    pub name: Option<String>,
    pub content_id: Option<String>,
    /// In small letters.
    pub encoding: String,
    pub is_inline: bool,
    /// It is one of several forms of the same.
    pub is_alternative: bool,
    /// It is something to be read, no file.
    pub is_body: bool,
    /// As transferred.
    pub body: &'a [u8],
    /// Where that begins in the mail.
    pub at: usize,
    /// Its end lies beyond what was looked at.
    pub is_cut: bool,
}

/// A multipart that is open.
struct Level {
    boundary: Vec<u8>,
    is_digest: bool,
    is_alternative: bool,
}

/// Where in the mail a line stands.
enum At<'a> {
    /// In a header that began here.
    Header(usize),
    /// In the body, from here on, of this part.
    Body(usize, Box<Part<'a>>),
    /// Before the first part or after the last.
    Between,
}

impl<'a> Parts<'a> {
    /// Takes a mail apart, as far as it is looked at.
    pub fn of(raw: &'a [u8], cut: &mut BTreeSet<Cut>, budget: &Budget) -> Self {
        let input = raw.get(..MOST_INPUT).unwrap_or(raw);
        if input.len() < raw.len() {
            cut.insert(Cut::Mail);
        }
        let (levels, open, parts, header) = (Vec::new(), HashMap::new(), Vec::new(), None);
        let mut walk = Walk { input, cut, budget, levels, open, parts, header };
        walk.all(input.len() < raw.len());
        Self { header: walk.header.unwrap_or_default(), parts: walk.parts }
    }

    /// The mail's own header, as far as it is read.
    pub fn header(&self) -> &'a [u8] {
        self.header
    }

    /// The parts that are not what is read, in their order: the attachments.
    pub fn attachments(&self) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter().filter(|part| !part.is_body)
    }
}

struct Walk<'a, 'c> {
    input: &'a [u8],
    cut: &'c mut BTreeSet<Cut>,
    budget: &'c Budget,
    levels: Vec<Level>,
    /// The depth of every open boundary: a line of dashes must not be compared with a hundred.
    open: HashMap<Vec<u8>, usize>,
    parts: Vec<Part<'a>>,
    header: Option<&'a [u8]>,
}

impl<'a> Walk<'a, '_> {
    fn all(&mut self, mut is_cut: bool) {
        let mut at = At::Header(0);
        let mut start = 0;
        let mut body = self.input.len();
        while let Some(rest) = self.input.get(start..).filter(|rest| !rest.is_empty()) {
            if !self.budget.steps_on() {
                is_cut = true;
                break;
            }
            let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or(rest);
            let next = start + length;
            if let Some((depth, is_end)) = self.delimiter(line) {
                self.close(at, start, false);
                if self.parts.len() >= MOST_PARTS {
                    self.cut.insert(Cut::Parts);
                    return;
                }
                self.leave(if is_end { depth } else { depth + 1 });
                at = if is_end { At::Between } else { At::Header(next) };
            } else if let At::Header(from) = at
                && is_blank(line)
            {
                body = body.min(next);
                at = self.begin(from, start, next);
            }
            start = next;
        }
        self.close(at, self.input.len(), is_cut);
        if self.parts.is_empty() {
            // It promised parts and has none. What there is can be read as it stands.
            let rest = self.input.get(body..).unwrap_or_default();
            let text = Part { is_body: true, is_cut, body: rest, at: body, ..Part::default() };
            self.parts.push(Part { content_type: Type::default_of(false).name, ..text });
        }
    }

    /// Whether a line ends a part: the depth of the multipart it belongs to, and whether it ends that, too.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let dashed = line.strip_prefix(b"--").filter(|_| !self.open.is_empty())?.trim_ascii_end();
        if dashed.len() > LONGEST_BOUNDARY + 2 {
            return None;
        }
        if let Some(depth) = self.open.get(dashed) {
            return Some((*depth, false));
        }
        let depth = self.open.get(dashed.strip_suffix(b"--")?)?;
        Some((*depth, true))
    }

    fn leave(&mut self, depth: usize) {
        for level in self.levels.drain(depth.min(self.levels.len())..) {
            self.open.remove(&level.boundary);
        }
    }

    /// A header has ended: what it heads begins.
    fn begin(&mut self, from: usize, to: usize, next: usize) -> At<'a> {
        let is_first = self.header.is_none();
        let header = self.input.get(from..to).unwrap_or_default();
        let most = if is_first { MOST_MAIL_HEADER } else { MOST_PART_HEADER };
        let header = header.get(..most).unwrap_or(header);
        if is_first {
            self.header = Some(header);
        }
        let (is_digest, is_alternative) =
            self.levels.last().map_or((false, false), |level| (level.is_digest, level.is_alternative));
        let fields = fields::of_part(header, self.budget);
        let kind = fields.content_type.unwrap_or_else(|| Type::default_of(is_digest));
        if let Some(boundary) = kind.boundary().filter(|_| kind.name.starts_with("multipart/")) {
            if self.open.contains_key(boundary) {
                // It has the boundary of what it lies in, so that its parts are parts of that.
                return At::Between;
            }
            if self.levels.len() < MOST_DEPTH {
                self.open.insert(boundary.to_vec(), self.levels.len());
                self.levels.push(Level {
                    boundary: boundary.to_vec(),
                    is_digest: kind.name == "multipart/digest",
                    is_alternative: is_alternative || kind.name == "multipart/alternative",
                });
                return At::Between;
            }
            self.cut.insert(Cut::Depth);
        }
        let disposition = fields.disposition.as_ref();
        let says = |what: &str| disposition.is_some_and(|it| it.name == what);
        let written = disposition.and_then(|it| it.last("filename")).or_else(|| kind.last("name"));
        let is_text = matches!(kind.name.as_str(), "text/plain" | "text/html");
        let part = Part {
            charset: kind.last("charset").map(str::to_owned),
            name: written.and_then(name::cleaned),
            content_id: fields.content_id,
            encoding: fields.encoding,
            is_inline: says("inline"),
            is_alternative,
            is_body: is_text && !says("attachment") && (written.is_none() || says("inline")),
            content_type: kind.name,
            body: &[],
            at: 0,
            is_cut: false,
        };
        At::Body(next, Box::new(part))
    }

    /// What was open ends before `end`.
    fn close(&mut self, at: At<'a>, end: usize, is_cut: bool) {
        let (from, mut part) = match at {
            At::Between => return,
            At::Body(from, part) => (from, part),
            At::Header(from) => match self.begin(from, end, end) {
                At::Body(from, part) => (from, part),
                _ => return,
            },
        };
        let body = self.input.get(from..end).unwrap_or_default();
        // The line end before a delimiter belongs to the delimiter (RFC 2046 5.1.1).
        let is_delimited = end < self.input.len();
        let body = if is_delimited { body.strip_suffix(b"\n").unwrap_or(body) } else { body };
        let body = if is_delimited { body.strip_suffix(b"\r").unwrap_or(body) } else { body };
        part.body = body;
        part.at = from;
        part.is_cut = is_cut;
        self.parts.push(*part);
    }
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}
