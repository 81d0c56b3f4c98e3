//! `style` attributes: a short list of properties with plain values.

/// What may be set. Nothing here loads anything, places anything over something else, or moves.
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

/// A longer value is no honest one.
const LONGEST: usize = 300;

/// The declarations that are allowed, written anew; `None` if there are none. A value that is not plain is left out as a
/// whole: with no `\`, no comment, and no function but a colour, it cannot be read as anything else.
pub fn safe(style: &str) -> Option<String> {
    let declarations = style.split(';').filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        (PROPERTIES.contains(&name.as_str()) && is_plain(value)).then(|| format!("{name}:{value}"))
    });
    let safe = declarations.collect::<Vec<_>>().join(";");
    (!safe.is_empty()).then_some(safe)
}

fn is_plain(value: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || " #.,%-+!/'\"()_".contains(c);
    let pairs = |quote: char| value.matches(quote).count().is_multiple_of(2);
    // Only one kind of quotes: of two kinds, one may stand in the other.
    let is_quoted_well = pairs('"') && pairs('\'') && !(value.contains('"') && value.contains('\''));
    !value.is_empty()
        && value.len() <= LONGEST
        && value.chars().all(is_plain)
        && is_quoted_well
        && !value.contains("//")
        && has_only_colours(&value.to_ascii_lowercase())
}

/// Whether every parenthesis is that of a colour.
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
    fn plain_values_stay_and_others_go() {
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
            assert_eq!(safe(style).as_deref(), expected, "{style}");
        }
    }
}
