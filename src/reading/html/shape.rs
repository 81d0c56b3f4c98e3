//! Rewrites HTML so that parsing it takes linear time: a limited number of tags, limited depth, all closed in order.
//!
//! The HTML standard defines repairs of bad nesting, and a mail can exploit them: a hundred thousand open `<b>` that
//! are reopened in each of a hundred thousand paragraphs, or a search through all open tags at every tag. The output
//! leaves nothing to repair. Harmful content is not handled here but in `policy`.

use super::Budget;
use super::allowed::{BLOCK, IN_TABLE, INLINE, VOID, is_allowed, tags};
use super::pictures::Pictures;
use super::tokens::{Token, Tokens};

/// Maximum number of tags. Beyond it only text is written.
const MAX_TAGS: usize = 50_000;
/// Maximum depth of open tags. Beyond it only text is written.
const MAX_DEPTH: usize = 256;

/// Maximum number of entities in the output, since the cost of each in `html5ever` grows with the text. Further `<` and `&`,
/// which would begin an entity in the output, are dropped.
const MAX_ENTITIES: usize = 20_000;

/// Maximum length of an attribute value; longer ones are dropped, except for the data of a picture.
const MAX_ATTRIBUTE: usize = 4 << 10;

/// Reshaped HTML.
#[derive(Debug, Default)]
pub struct Shaped {
    pub html: String,
    /// Number of remote pictures and backgrounds.
    pub remote: usize,
    /// Whether some tags were dropped.
    pub is_cut: bool,
}

/// Reshapes HTML without its pictures.
pub fn shape_without_pictures(html: &str, budget: &Budget) -> String {
    shape_with_pictures(html, &mut Pictures::new(&|_| None), budget).html
}

/// Reshapes HTML within the budget, with the pictures contained in the mail.
pub fn shape_with_pictures(html: &str, pictures: &mut Pictures<'_>, budget: &Budget) -> Shaped {
    let mut shaping = Shaping::default();
    for token in Tokens::new(html) {
        if !budget.has_time_for_step() {
            shaping.shaped.is_cut = true;
            break;
        }
        match token {
            Token::Text(text) => shaping.text_between_tags(text),
            Token::Start(name, attributes) => {
                shaping.shaped.remote += remote(&name, &attributes);
                shaping.start_tag(&name, &attributes, pictures);
            }
            Token::End(name) => shaping.end_tag(&name),
        }
    }
    shaping.close_to(0);
    shaping.shaped
}

#[derive(Debug, Default)]
struct Shaping {
    shaped: Shaped,
    open: Vec<&'static str>,
    tags: usize,
    entities: usize,
    /// The position after the last `<pre>` in the output.
    pre: usize,
}

impl Shaping {
    fn text_between_tags(&mut self, text: &str) {
        let is_new_pre = self.pre == self.shaped.html.len() && self.pre > 0;
        // Browsers ignore the first line end in a `<pre>`; ammonia drops one more each time it parses.
        let text = if is_new_pre { text.trim_start_matches(['\r', '\n']) } else { text };
        if !self.shaped.is_cut && !text.trim().is_empty() && self.is_between_cells() {
            self.open_cell();
        }
        self.text(text);
    }

    fn text(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\0' => {}
                '<' | '&' => {
                    if let Some(after) = chars.as_str().strip_prefix("nbsp;").filter(|_| c == '&') {
                        // `&nbsp;` is by far the most common entity, so it does not count towards the limit.
                        self.shaped.html.push('\u{a0}');
                        chars = after.chars();
                    } else if self.entities < MAX_ENTITIES {
                        self.entities += 1;
                        self.shaped.html.push_str(if c == '<' { "&lt;" } else { "&" });
                    } else {
                        self.shaped.is_cut = true;
                    }
                }
                c => self.shaped.html.push(c),
            }
        }
    }

    fn start_tag(&mut self, written: &str, attributes: &[(String, &str)], pictures: &mut Pictures<'_>) {
        let Some(name) = tags().find(|name| *name == written) else { return };
        if self.shaped.is_cut || self.tags >= MAX_TAGS || self.open.len() >= MAX_DEPTH {
            // An end tag could belong to this dropped start tag, so no further tags are written.
            self.shaped.is_cut = true;
            return;
        }
        if IN_TABLE.contains(&name) {
            if !self.close_to_table_parent(name) {
                return;
            }
        } else if name == "table" && self.close_last(&["table"], &["td", "th", "caption"]) {
            // A table directly within a table closes the outer one.
        } else if self.is_between_cells() {
            if INLINE.contains(&name) && !VOID.contains(&name) {
                // Inline tags are commonly written around cells. Opening a cell for one would shift the other cells.
                return;
            }
            self.open_cell();
        }
        self.end_before(name);
        self.tags += 1;
        self.shaped.html.push('<');
        self.shaped.html.push_str(name);
        for (attribute, value) in attributes {
            let picture = (attribute == "src").then(|| pictures.get(value)).flatten();
            let value = picture.as_deref().unwrap_or(value);
            let is_data = attribute == "src" && name == "img";
            if is_allowed(name, attribute) && (is_data || value.len() <= MAX_ATTRIBUTE) {
                self.shaped.html.push_str(&format!(" {attribute}=\""));
                self.text_in_quotes(value);
                self.shaped.html.push('"');
            }
        }
        self.shaped.html.push('>');
        if name == "pre" {
            self.pre = self.shaped.html.len();
        }
        if !VOID.contains(&name) {
            self.open.push(name);
        }
    }

    fn text_in_quotes(&mut self, value: &str) {
        match value.contains('"') {
            true => self.text(&value.replace('"', "&quot;")),
            false => self.text(value),
        }
    }

    fn end_tag(&mut self, name: &str) {
        let stops: &[&str] = match name {
            "table" => &[],
            _ if IN_TABLE.contains(&name) => &["table"],
            _ => &["table", "td", "th", "caption"],
        };
        if !self.shaped.is_cut {
            self.close_last(&[name], stops);
        }
    }

    /// Closes the tags that this tag closes implicitly (WHATWG HTML section 13.2.6.4.7).
    fn end_before(&mut self, name: &'static str) {
        const CELL: [&str; 4] = ["table", "td", "th", "caption"];
        if BLOCK.contains(&name) {
            self.close_last(&["p"], &CELL);
        }
        match name {
            "li" => self.close_last(&["li"], &[&CELL[..], &["ul", "ol", "dir"]].concat()),
            "dd" | "dt" => self.close_last(&["dd", "dt"], &[&CELL[..], &["dl"]].concat()),
            "a" | "nobr" => self.close_last(&[name], &CELL),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.close_last(&["h1", "h2", "h3", "h4", "h5", "h6"], &CELL),
            _ => false,
        };
    }

    /// Closes tags until this table element is allowed. Returns false if the current position is not within a table.
    fn close_to_table_parent(&mut self, name: &str) -> bool {
        let Some(table) = self.open.iter().rposition(|tag| *tag == "table") else { return false };
        let mut end_to = |parents: &[&str]| {
            let parent = self.open.iter().skip(table).rposition(|tag| parents.contains(tag)).unwrap_or(0);
            self.close_to(table + parent + 1);
        };
        match name {
            "td" | "th" => {
                end_to(&["table", "thead", "tbody", "tfoot", "tr"]);
                if self.open.last() != Some(&"tr") {
                    self.tags += 1;
                    self.shaped.html.push_str("<tr>");
                    self.open.push("tr");
                }
            }
            "tr" => end_to(&["table", "thead", "tbody", "tfoot"]),
            "col" => end_to(&["table", "colgroup"]),
            _ => end_to(&["table"]),
        }
        true
    }

    /// Opens a cell for content of a table that is outside of its cells. A browser would move such content before the table,
    /// which is slow.
    fn open_cell(&mut self) {
        self.close_to_table_parent("td");
        self.tags += 1;
        self.shaped.html.push_str("<td>");
        self.open.push("td");
    }

    /// Whether the current position is in a table but not in a cell.
    fn is_between_cells(&self) -> bool {
        let inner = self.open.iter().rfind(|name| **name == "table" || IN_TABLE.contains(*name));
        inner.is_some_and(|name| !matches!(*name, "td" | "th" | "caption"))
    }

    /// Closes the innermost open tag with one of these names, and all tags within it, unless one of `stops` comes
    /// first. Returns whether a tag was closed.
    fn close_last(&mut self, names: &[&str], stops: &[&str]) -> bool {
        let last = self.open.iter().rposition(|tag| names.contains(tag) || stops.contains(tag));
        let Some(last) = last.filter(|at| self.open.get(*at).is_some_and(|tag| names.contains(tag))) else {
            return false;
        };
        self.close_to(last);
        true
    }

    fn close_to(&mut self, depth: usize) {
        for name in self.open.drain(depth.min(self.open.len())..).rev() {
            self.shaped.html.push_str(&format!("</{name}>"));
        }
    }
}

/// Number of remote pictures that a tag would load (0 or 1).
fn remote(name: &str, attributes: &[(String, &str)]) -> usize {
    let is_picture = !matches!(name, "script" | "iframe" | "frame" | "embed" | "object" | "audio");
    let loads = attributes.iter().filter(|(attribute, value)| match attribute.as_str() {
        "src" | "srcset" | "background" | "poster" => {
            let begins =
                |scheme: &str| value.trim().get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
            is_picture && !value.trim().is_empty() && !begins("cid:") && !begins("data:")
        }
        "style" => value.to_ascii_lowercase().contains("url("),
        _ => false,
    });
    // A picture in several sizes counts once.
    usize::from(loads.count() > 0)
}
