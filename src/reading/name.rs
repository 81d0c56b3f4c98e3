//! Makes untrusted file names safe.

use crate::shown::is_invisible;

/// Maximum length in bytes; file systems allow 255.
const MAX_LENGTH: usize = 200;

/// Removes folders, characters that are special on Windows or in a shell, and invisible characters from a file name. `None`
/// if nothing is left.
pub fn clean_file_name(written: &str) -> Option<String> {
    // Some senders write a whole Unix or Windows path; its last non-empty component is the name.
    let last = written.split(['/', '\\']).rev().find(|piece| !piece.trim().is_empty())?;
    let clean = last.chars().filter(|c| !c.is_control() && !is_invisible(*c));
    let clean: String = clean.map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    // A file whose name starts with a dot is hidden, and Windows drops a dot at the end of a name.
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let clean = shortened(clean);
    (!clean.is_empty()).then_some(clean)
}

/// Shortens a name but keeps its extension.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_LENGTH {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| extension.len() <= 20);
    let extension = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
    let end = name.floor_char_boundary(MAX_LENGTH - extension.len());
    format!("{}{extension}", name.get(..end).unwrap_or_default())
}

/// The value of a Content-Disposition header that makes a browser save the response instead of showing it (RFC 6266):
/// the name in ASCII for old clients, and in full (RFC 8187).
pub fn content_disposition(name: Option<&str>) -> String {
    let Some(name) = name.and_then(clean_file_name) else { return "attachment".to_owned() };
    // Some clients decode percent signs in the ASCII name.
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
            assert_eq!(clean_file_name(written).as_deref(), expected, "{written:?}");
        }
        let long = clean_file_name(&format!("{}.pdf", "å".repeat(500))).unwrap();
        assert!(long.len() <= MAX_LENGTH && long.ends_with("å.pdf"), "{long}");
        assert!(clean_file_name(&"x.".repeat(500)).unwrap().len() <= MAX_LENGTH);
    }

    #[test]
    fn a_browser_saves_the_file_and_never_shows_it() {
        for (name, expected) in [
            (None, "attachment"),
            (Some(".."), "attachment"),
            (Some("a b.pdf"), "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"),
            (Some("å%41.pdf"), "attachment; filename=\"__41.pdf\"; filename*=UTF-8''%C3%A5%2541.pdf"),
            (Some("a\"\r\nX: y"), "attachment; filename=\"a_X_ y\"; filename*=UTF-8''a_X_%20y"),
        ] {
            assert_eq!(content_disposition(name), expected, "{name:?}");
        }
    }
}
