//! Splits a mail into its parts (RFC 2046), in one pass over its lines.

use std::collections::{BTreeSet, HashMap};

use super::budget::Budget;
use super::fields::{self, MAX_BOUNDARY, ParameterizedValue};
use super::{Cut, MAX_INPUT, name};

/// Maximum number of parts; real mail has far fewer.
const MAX_PARTS: usize = 1000;

/// Maximum nesting depth. Deeper parts belong to the content of the part that contains them.
const MAX_DEPTH: usize = 100;

/// Maximum length of a part's header, in bytes.
const MAX_PART_HEADER: usize = 64 << 10;
/// Maximum length of the mail's own header, in bytes. It may be longer than a part's, since relays add fields to it.
const MAX_MAIL_HEADER: usize = 1 << 20;

/// A mail, split into parts.
#[derive(Debug)]
pub struct Parts<'a> {
    header: &'a [u8],
    pub parts: Vec<Part<'a>>,
}

/// A leaf part.
#[derive(Debug, Default, Clone)]
pub struct Part<'a> {
    /// The content type in lower case.
    pub content_type: String,
    pub charset: Option<String>,
    pub name: Option<String>,
    pub content_id: Option<String>,
    /// The transfer encoding in lower case.
    pub encoding: String,
    pub is_inline: bool,
    /// Whether the part is one of several alternative forms of the same content.
    pub is_alternative: bool,
    /// Whether the part is text to be read, and not a file.
    pub is_body: bool,
    /// The content, as transferred.
    pub body: &'a [u8],
    /// Offset of the content in the mail.
    pub offset: usize,
    /// Whether the part extends beyond the part of the mail that is read.
    pub is_cut: bool,
}

/// An open multipart.
struct Level {
    boundary: Vec<u8>,
    is_digest: bool,
    is_alternative: bool,
}

/// The position of a line in the mail.
enum Position<'a> {
    /// The line is in a header that starts at this offset.
    Header(usize),
    /// The line is in the content of this part, which starts at this offset.
    Body(usize, Box<Part<'a>>),
    /// The line is before the first part or after the last one.
    Between,
}

impl<'a> Parts<'a> {
    /// Splits a mail, up to the limit.
    pub fn parse(raw: &'a [u8], cut: &mut BTreeSet<Cut>, budget: &Budget) -> Self {
        let input = raw.get(..MAX_INPUT).unwrap_or(raw);
        if input.len() < raw.len() {
            cut.insert(Cut::Mail);
        }
        let (levels, open, parts, header) = (Vec::new(), HashMap::new(), Vec::new(), None);
        let mut splitter = Splitter { input, cut, budget, levels, open, parts, header };
        splitter.split(input.len() < raw.len());
        Self { header: splitter.header.unwrap_or_default(), parts: splitter.parts }
    }

    /// The mail's own header, up to the limit.
    pub fn header(&self) -> &'a [u8] {
        self.header
    }

    /// The parts that are not text to be read, in order.
    pub fn attachments(&self) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter().filter(|part| !part.is_body)
    }
}

struct Splitter<'a, 'c> {
    input: &'a [u8],
    cut: &'c mut BTreeSet<Cut>,
    budget: &'c Budget,
    levels: Vec<Level>,
    /// The nesting depth of each open boundary: a map, so that a line of dashes is not compared with a hundred boundaries.
    open: HashMap<Vec<u8>, usize>,
    parts: Vec<Part<'a>>,
    header: Option<&'a [u8]>,
}

impl<'a> Splitter<'a, '_> {
    fn split(&mut self, mut is_cut: bool) {
        let mut at = Position::Header(0);
        let mut start = 0;
        let mut body = self.input.len();
        while let Some(rest) = self.input.get(start..).filter(|rest| !rest.is_empty()) {
            if !self.budget.has_time_for_step() {
                is_cut = true;
                break;
            }
            let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or(rest);
            let next = start + length;
            if let Some((depth, is_end)) = self.delimiter(line) {
                self.close(at, start, false);
                if self.parts.len() >= MAX_PARTS {
                    self.cut.insert(Cut::Parts);
                    return;
                }
                self.pop_levels(if is_end { depth } else { depth + 1 });
                at = if is_end { Position::Between } else { Position::Header(next) };
            } else if let Position::Header(from) = at
                && is_blank(line)
            {
                body = body.min(next);
                at = self.begin(from, start, next);
            }
            start = next;
        }
        self.close(at, self.input.len(), is_cut);
        if self.parts.is_empty() {
            // A multipart without parts: show its content as text.
            let rest = self.input.get(body..).unwrap_or_default();
            let text = Part { is_body: true, is_cut, body: rest, offset: body, ..Part::default() };
            self.parts.push(Part { content_type: ParameterizedValue::default_type(false).name, ..text });
        }
    }

    /// If a line is a delimiter, returns the depth of its multipart, and whether it is the closing delimiter.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let dashed = line.strip_prefix(b"--").filter(|_| !self.open.is_empty())?.trim_ascii_end();
        if dashed.len() > MAX_BOUNDARY + 2 {
            return None;
        }
        if let Some(depth) = self.open.get(dashed) {
            return Some((*depth, false));
        }
        let depth = self.open.get(dashed.strip_suffix(b"--")?)?;
        Some((*depth, true))
    }

    fn pop_levels(&mut self, depth: usize) {
        for level in self.levels.drain(depth.min(self.levels.len())..) {
            self.open.remove(&level.boundary);
        }
    }

    /// Handles the end of a header. Returns the position of the next line.
    fn begin(&mut self, from: usize, to: usize, next: usize) -> Position<'a> {
        let is_first = self.header.is_none();
        let header = self.input.get(from..to).unwrap_or_default();
        let max = if is_first { MAX_MAIL_HEADER } else { MAX_PART_HEADER };
        let header = header.get(..max).unwrap_or(header);
        if is_first {
            self.header = Some(header);
        }
        let (is_digest, is_alternative) =
            self.levels.last().map_or((false, false), |level| (level.is_digest, level.is_alternative));
        let fields = fields::part_fields(header, self.budget);
        let kind = fields.content_type.unwrap_or_else(|| ParameterizedValue::default_type(is_digest));
        if let Some(boundary) = kind.boundary().filter(|_| kind.name.starts_with("multipart/")) {
            if self.open.contains_key(boundary) {
                // The boundary is the same as that of an enclosing multipart, so the parts belong to the enclosing one.
                return Position::Between;
            }
            if self.levels.len() < MAX_DEPTH {
                self.open.insert(boundary.to_vec(), self.levels.len());
                self.levels.push(Level {
                    boundary: boundary.to_vec(),
                    is_digest: kind.name == "multipart/digest",
                    is_alternative: is_alternative || kind.name == "multipart/alternative",
                });
                return Position::Between;
            }
            self.cut.insert(Cut::Depth);
        }
        let disposition = fields.disposition.as_ref();
        let is_disposed = |name: &str| disposition.is_some_and(|value| value.name == name);
        let file_name = disposition.and_then(|value| value.last("filename")).or_else(|| kind.last("name"));
        let is_text = matches!(kind.name.as_str(), "text/plain" | "text/html");
        let part = Part {
            charset: kind.last("charset").map(str::to_owned),
            name: file_name.and_then(name::clean_file_name),
            content_id: fields.content_id,
            encoding: fields.encoding,
            is_inline: is_disposed("inline"),
            is_alternative,
            is_body: is_text && !is_disposed("attachment") && (file_name.is_none() || is_disposed("inline")),
            content_type: kind.name,
            body: &[],
            offset: 0,
            is_cut: false,
        };
        Position::Body(next, Box::new(part))
    }

    /// Ends the current part before `end`.
    fn close(&mut self, at: Position<'a>, end: usize, is_cut: bool) {
        let (from, mut part) = match at {
            Position::Between => return,
            Position::Body(from, part) => (from, part),
            Position::Header(from) => match self.begin(from, end, end) {
                Position::Body(from, part) => (from, part),
                _ => return,
            },
        };
        let body = self.input.get(from..end).unwrap_or_default();
        // The line end before a delimiter belongs to the delimiter (RFC 2046 5.1.1).
        let is_delimited = end < self.input.len();
        let body = if is_delimited { body.strip_suffix(b"\n").unwrap_or(body) } else { body };
        let body = if is_delimited { body.strip_suffix(b"\r").unwrap_or(body) } else { body };
        part.body = body;
        part.offset = from;
        part.is_cut = is_cut;
        self.parts.push(*part);
    }
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}
