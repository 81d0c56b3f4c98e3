//! The tags and attributes that there may be. `shape` writes no others, and `policy` takes out all others.

/// Tags for a piece of a line.
pub const INLINE: [&str; 38] = [
    "a", "abbr", "b", "bdi", "big", "br", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "mark",
    "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
    "acronym", "data", "time", "nobr", "label",
];

/// Tags that end a paragraph before them.
pub const BLOCK: [&str; 32] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "ul",
];

/// Tags that only stand in a table.
pub const IN_TABLE: [&str; 9] = ["caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"];

/// Tags that hold nothing.
pub const VOID: [&str; 5] = ["br", "col", "hr", "img", "wbr"];

/// All tags that are ever written.
pub fn known() -> impl Iterator<Item = &'static str> {
    INLINE.into_iter().chain(BLOCK).chain(IN_TABLE)
}

/// Attributes that every tag may have.
pub const ANYWHERE: [&str; 9] = ["align", "bgcolor", "dir", "height", "lang", "style", "title", "valign", "width"];

/// Attributes that a tag may have besides.
pub fn besides(tag: &str) -> &'static [&'static str] {
    match tag {
        "a" => &["href"],
        "col" | "colgroup" => &["span"],
        "font" => &["color", "face", "size"],
        "img" => &["alt", "border", "src"],
        "li" => &["type", "value"],
        "ol" => &["reversed", "start", "type"],
        "table" => &["border", "cellpadding", "cellspacing"],
        "td" | "th" => &["colspan", "nowrap", "rowspan"],
        _ => &[],
    }
}

/// Whether a tag may have an attribute.
pub fn is_allowed(tag: &str, attribute: &str) -> bool {
    ANYWHERE.contains(&attribute) || besides(tag).contains(&attribute)
}
