//! HTML written anew in a shape that costs no parser more than its length: few tags, not deep, each ended in order.
//!
//! The HTML standard repairs what is badly nested, and a mail can be made of such repairs: a hundred thousand open `<b>`,
//! written down again in each of a hundred thousand paragraphs, or a search through all open tags at every tag. Here nothing
//! is left to be repaired. What is harmful is not asked here; that is `policy`'s.

use super::Budget;
use super::allowed::{BLOCK, IN_TABLE, INLINE, VOID, is_allowed, known};
use super::pictures::Pictures;
use super::tokens::{Token, Tokens};

/// So many tags are written, and so deep. What follows is text.
const MOST_TAGS: usize = 50_000;
const MOST_DEPTH: usize = 256;

/// So many entities stay, since `html5ever` copies the text at each. Other signs of the kind are left out.
const MOST_ENTITIES: usize = 30_000;

/// A longer attribute is left out, but for a picture's own data.
const LONGEST_ATTRIBUTE: usize = 4 << 10;

/// HTML in that shape.
#[derive(Debug, Default)]
pub struct Shaped {
    pub html: String,
    /// Pictures and backgrounds from elsewhere.
    pub remote: usize,
    /// There were more or deeper tags.
    pub is_cut: bool,
}

/// The HTML alone.
pub fn shape(html: &str, budget: &Budget) -> String {
    shaped(html, &mut Pictures::new(&|_| None), budget).html
}

/// Brings HTML into shape, with the pictures that came along, as far as the budget goes.
pub fn shaped(html: &str, pictures: &mut Pictures<'_>, budget: &Budget) -> Shaped {
    let mut shaping = Shaping::default();
    for token in Tokens::of(html) {
        if !budget.steps_on() {
            shaping.shaped.is_cut = true;
            break;
        }
        match token {
            Token::Text(text) => shaping.content(text),
            Token::Start(name, attributes) => {
                shaping.shaped.remote += remote(&name, &attributes);
                shaping.start(&name, &attributes, pictures);
            }
            Token::End(name) => shaping.end(&name),
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
    /// Where the last `<pre>` ended.
    pre: usize,
}

impl Shaping {
    /// Text between tags.
    fn content(&mut self, text: &str) {
        let is_new_pre = self.pre == self.shaped.html.len() && self.pre > 0;
        // The first line ends in a `<pre>` are not counted; ammonia drops one more at each reading.
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
                        // By far the most common.
                        self.shaped.html.push('\u{a0}');
                        chars = after.chars();
                    } else if self.entities < MOST_ENTITIES {
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

    fn start(&mut self, written: &str, attributes: &[(String, &str)], pictures: &mut Pictures<'_>) {
        let Some(name) = known().find(|name| *name == written) else { return };
        if self.shaped.is_cut || self.tags >= MOST_TAGS || self.open.len() >= MOST_DEPTH {
            // From here on, an end tag would be taken for that of another.
            self.shaped.is_cut = true;
            return;
        }
        if IN_TABLE.contains(&name) {
            if !self.make_place_in_table(name) {
                return;
            }
        } else if name == "table" && self.close_last(&["table"], &["td", "th", "caption"]) {
            // A table straight in a table ends that.
        } else if self.is_between_cells() {
            if INLINE.contains(&name) && !VOID.contains(&name) {
                // Commonly around cells. A cell of its own would move the others.
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
            if is_allowed(name, attribute) && (is_data || value.len() <= LONGEST_ATTRIBUTE) {
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

    fn end(&mut self, name: &str) {
        let stops: &[&str] = match name {
            "table" => &[],
            _ if IN_TABLE.contains(&name) => &["table"],
            _ => &["table", "td", "th", "caption"],
        };
        if !self.shaped.is_cut {
            self.close_last(&[name], stops);
        }
    }

    /// Ends what a tag ends by its coming (WHATWG HTML 13.2.6.4.7).
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

    /// Ends what is open between a table and what only stands in one. False if there is no place for it.
    fn make_place_in_table(&mut self, name: &str) -> bool {
        let Some(table) = self.open.iter().rposition(|its| *its == "table") else { return false };
        let mut end_to = |parents: &[&str]| {
            let parent = self.open.iter().skip(table).rposition(|its| parents.contains(its)).unwrap_or(0);
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

    /// A cell for what stands in a table and in none. A browser would put it before the table, which takes long.
    fn open_cell(&mut self) {
        self.make_place_in_table("td");
        self.tags += 1;
        self.shaped.html.push_str("<td>");
        self.open.push("td");
    }

    /// Whether the next thing would stand in a table, but in no cell of it.
    fn is_between_cells(&self) -> bool {
        let inner = self.open.iter().rfind(|name| **name == "table" || IN_TABLE.contains(*name));
        inner.is_some_and(|name| !matches!(*name, "td" | "th" | "caption"))
    }

    /// Ends the last open one of these and all in it, unless one of the others comes first.
    fn close_last(&mut self, names: &[&str], stops: &[&str]) -> bool {
        let last = self.open.iter().rposition(|its| names.contains(its) || stops.contains(its));
        let Some(last) = last.filter(|at| self.open.get(*at).is_some_and(|its| names.contains(its))) else {
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

/// How many pictures a tag would load from elsewhere.
fn remote(name: &str, attributes: &[(String, &str)]) -> usize {
    let is_picture = !matches!(name, "script" | "iframe" | "frame" | "embed" | "object" | "audio");
    let loads = attributes.iter().filter(|(attribute, value)| match attribute.as_str() {
        "src" | "srcset" | "background" | "poster" => {
            let begins =
                |scheme: &str| value.trim().get(..scheme.len()).is_some_and(|its| its.eq_ignore_ascii_case(scheme));
            is_picture && !value.trim().is_empty() && !begins("cid:") && !begins("data:")
        }
        "style" => value.to_ascii_lowercase().contains("url("),
        _ => false,
    });
    // A picture in several sizes is one.
    usize::from(loads.count() > 0)
}
