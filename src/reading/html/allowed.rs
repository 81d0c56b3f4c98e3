//! The allowed tags and attributes. `shape` writes no others, and `policy` removes all others.

/// Inline tags.
pub const INLINE: [&str; 38] = [
    "a", "abbr", "b", "bdi", "big", "br", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "mark",
    "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
    "acronym", "data", "time", "nobr", "label",
];

/// Block tags: they end a preceding paragraph.
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

/// Tags that occur only in a table.
pub const IN_TABLE: [&str; 9] = ["caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"];

/// Tags without content.
pub const VOID: [&str; 5] = ["br", "col", "hr", "img", "wbr"];

/// All allowed tags.
pub fn tags() -> impl Iterator<Item = &'static str> {
    INLINE.into_iter().chain(BLOCK).chain(IN_TABLE)
}

/// Attributes allowed on every tag.
pub const GLOBAL_ATTRIBUTES: [&str; 9] =
    ["align", "bgcolor", "dir", "height", "lang", "style", "title", "valign", "width"];

/// Additional attributes allowed on a tag.
pub fn extra_attributes(tag: &str) -> &'static [&'static str] {
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

/// Whether an attribute is allowed on a tag.
pub fn is_allowed(tag: &str, attribute: &str) -> bool {
    GLOBAL_ATTRIBUTES.contains(&attribute) || extra_attributes(tag).contains(&attribute)
}
