//! File names that strangers chose.

use crate::shown::hides;

/// So long a name is kept, in bytes: what file systems allow is 255.
const MOST: usize = 200;

/// A file name without its folders, without what Windows or a shell takes for something else, and without what hides. `None`
/// if nothing is left.
pub fn cleaned(written: &str) -> Option<String> {
    // Senders write whole paths of both kinds; the last piece that is one is the name.
    let last = written.split(['/', '\\']).rev().find(|piece| !piece.trim().is_empty())?;
    let clean = last.chars().filter(|c| !c.is_control() && !hides(*c));
    let clean: String = clean.map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    // A name that begins with a dot is hidden, one that ends with one is another on Windows.
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let clean = shortened(clean);
    (!clean.is_empty()).then_some(clean)
}

/// Its beginning and its extension, since that says what it is.
fn shortened(name: &str) -> String {
    if name.len() <= MOST {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| extension.len() <= 20);
    let extension = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
    let most = name.floor_char_boundary(MOST - extension.len());
    format!("{}{extension}", name.get(..most).unwrap_or_default())
}

/// The value of a Content-Disposition header that has a browser save what comes, and not show it (RFC 6266): the name in
/// ASCII for old readers, and as it is (RFC 8187).
pub fn disposition(name: Option<&str>) -> String {
    let Some(name) = name.and_then(cleaned) else { return "attachment".to_owned() };
    // A percent sign in the plain form is decoded by some.
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || " -_.,()+@".contains(c) { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => exact.push(char::from(byte)),
            _ => exact.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        for (written, expected) in [
            ("faktura.pdf", Some("faktura.pdf")),
            ("../../etc/passwd", Some("passwd")),
            (r"C:\Users\a\räkning 1.pdf", Some("räkning 1.pdf")),
            ("a/b/", Some("b")),
            ("..", None),
            (" / \\ ", None),
            ("", None),
            ("\0\r\n", None),
            (".htaccess", Some("htaccess")),
            ("a.exe. .", Some("a.exe")),
            ("bild\u{202e}gpj.exe", Some("bildgpj.exe")),
            ("a\r\nSet-Cookie: b", Some("aSet-Cookie_ b")),
            ("a\"; x=\"b.html", Some("a_; x=_b.html")),
            ("x:$DATA", Some("x_$DATA")),
        ] {
            assert_eq!(cleaned(written).as_deref(), expected, "{written:?}");
        }
        let long = cleaned(&format!("{}.pdf", "å".repeat(500))).unwrap();
        assert!(long.len() <= MOST && long.ends_with("å.pdf"), "{long}");
        assert!(cleaned(&"x.".repeat(500)).unwrap().len() <= MOST);
    }

    #[test]
    fn a_browser_saves_and_never_shows() {
        for (name, expected) in [
            (None, "attachment"),
            (Some(".."), "attachment"),
            (Some("a b.pdf"), "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"),
            (Some("å%41.pdf"), "attachment; filename=\"__41.pdf\"; filename*=UTF-8''%C3%A5%2541.pdf"),
            (Some("a\"\r\nX: y"), "attachment; filename=\"a_X_ y\"; filename*=UTF-8''a_X_%20y"),
        ] {
            assert_eq!(disposition(name), expected, "{name:?}");
        }
    }
}
