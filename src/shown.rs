//! Sanitises untrusted text for logs, terminals and pages.

/// One line of at most 300 characters, without control characters, text direction marks and other invisible characters.
pub fn shown(text: &str) -> String {
    shown_within(text, 300)
}

/// Like [`shown`], with a maximum length in characters.
pub fn shown_within(text: &str, max: usize) -> String {
    let clean: String =
        text.chars().take(max).map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

/// Multi-line text: line ends become `\n`, tabs stay, other control characters and invisible characters are removed.
pub fn shown_lines(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                clean.push('\n');
            }
            '\n' | '\t' => clean.push(c),
            c if c.is_control() || is_invisible(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Output for a terminal: keeps line ends, and removes control characters and invisible characters.
pub fn for_terminal(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !(c.is_control() || is_invisible(*c))).collect()
}

/// JSON with control characters and invisible characters written as `\u` escapes, so that it parses to the same value.
pub fn escaped_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() || is_invisible(c) {
            let mut units = [0; 2];
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text
}

/// Invisible characters that change the meaning of a text: they reverse the text direction (a name that ends in
/// `gpj.exe` looks like a picture) or have no width (two names look the same). The joiners U+200C and U+200D are
/// allowed, since Persian and family emoji need them.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_contains_nothing_invisible() {
        for (written, one_line, lines) in [
            ("hej", "hej", "hej"),
            ("a\r\nb\rc\nd", "a  b c d", "a\nb\nc\nd"),
            ("a\tb\0c\u{1b}[31m", "a b c [31m", "a\tbc[31m"),
            ("bild\u{202e}gpj.exe", "bild gpj.exe", "bildgpj.exe"),
            ("pay\u{200b}pal\u{feff}\u{ad}", "pay pal", "paypal"),
            ("می\u{200c}خواهم 👨\u{200d}👩", "می\u{200c}خواهم 👨\u{200d}👩", "می\u{200c}خواهم 👨\u{200d}👩"),
        ] {
            assert_eq!(shown(written), one_line, "{written:?}");
            assert_eq!(shown_lines(written), lines, "{written:?}");
        }
        assert_eq!(shown(&"å".repeat(1000)).chars().count(), 300);
    }

    #[test]
    fn a_terminal_gets_no_control_characters_and_a_program_gets_everything() {
        let nasty: String = ('\0'..='\u{ff}')
            .filter(|c| c.is_control())
            .chain(('\0'..=char::MAX).filter(|c| is_invisible(*c)))
            .collect();
        assert!(
            nasty.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{2028}', '\u{7f}'])
        );
        assert_eq!(for_terminal(&format!("a{nasty}b")), "a\nb");
        let json = serde_json::to_string(&nasty).unwrap();
        let escaped = escaped_json(&json);
        assert!(escaped.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), nasty, "the same to a program");
    }
}
