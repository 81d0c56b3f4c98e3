//! `style` attributes: an allow-list of properties, with plain values.

/// The allowed properties. None of them loads anything, places anything over something else, or animates.
pub const PROPERTIES: [&str; 61] = [
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "caption-side",
    "clear",
    "color",
    "direction",
    "display",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "width",
];

/// Maximum length of a value.
const MAX_LENGTH: usize = 300;

/// The allowed declarations, rewritten; `None` if there are none. A declaration whose value is not plain is dropped:
/// without `\`, comments and functions other than colours, a value has only one interpretation.
pub fn sanitized(style: &str) -> Option<String> {
    let declarations = style.split(';').filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        (PROPERTIES.contains(&name.as_str()) && is_plain(value)).then(|| format!("{name}:{value}"))
    });
    let kept = declarations.collect::<Vec<_>>().join(";");
    (!kept.is_empty()).then_some(kept)
}

fn is_plain(value: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || " #.,%-+!/'\"()_".contains(c);
    let pairs = |quote: char| value.matches(quote).count().is_multiple_of(2);
    // Only one kind of quotes, since one kind could be inside the other.
    let is_quoted_well = pairs('"') && pairs('\'') && !(value.contains('"') && value.contains('\''));
    !value.is_empty()
        && value.len() <= MAX_LENGTH
        && value.chars().all(is_plain)
        && is_quoted_well
        && !value.contains("//")
        && has_only_colours(&value.to_ascii_lowercase())
}

/// Whether every parenthesis belongs to a colour function.
fn has_only_colours(value: &str) -> bool {
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('(') {
        let is_colour = ["rgb", "rgba", "hsl", "hsla"].iter().any(|name| {
            let start = before.strip_suffix(name);
            start.is_some_and(|start| !start.ends_with(|c: char| c.is_alphanumeric() || "-_".contains(c)))
        });
        let Some((inner, end)) = after.split_once(')') else { return false };
        if !is_colour || before.contains(')') || !inner.chars().all(|c| c.is_ascii_digit() || " .,%/".contains(c)) {
            return false;
        }
        rest = end;
    }
    !rest.contains(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_kept_and_others_dropped() {
        for (style, expected) in [
            ("color:red", Some("color:red")),
            (" COLOR : Red ; margin:0 auto!important", Some("color:Red;margin:0 auto!important")),
            ("font:bold 12px/1.5 'Segoe UI', sans-serif", Some("font:bold 12px/1.5 'Segoe UI', sans-serif")),
            (
                "color:rgb(1, 2, 3);background:rgba(0,0,0,.5) none",
                Some("color:rgb(1, 2, 3);background:rgba(0,0,0,.5) none"),
            ),
            ("font-family:メイリオ", Some("font-family:メイリオ")),
            ("", None),
            ("color", None),
            ("color:", None),
            ("position:fixed;top:0;z-index:9", None),
            ("background:url(http://x/)", None),
            ("background:URL ( 'x' )", None),
            ("background:u\\72l(x)", None),
            ("background:image-set(x)", None),
            ("width:expression(alert(1))", None),
            ("width:calc(1px)", None),
            ("color:rgb(url(x))", None),
            ("color:xrgb(1)", None),
            ("color:rgb(1))", None),
            ("color:/**/red", None),
            ("color:red//x", None),
            ("font-family:\"a;color:red", Some("color:red")),
            ("font-family:\"'\"'", None),
            ("@import 'x'", None),
            ("behavior:url(x);-moz-binding:url(x)", None),
            ("color:red}body{color:blue", None),
        ] {
            assert_eq!(sanitized(style).as_deref(), expected, "{style}");
        }
    }
}
