//! What strangers wrote, made fit for a log, a terminal and a page.

/// One line, no control characters, nothing that turns the direction of what is around it, not too long.
pub fn shown(text: &str) -> String {
    shown_within(text, 300)
}

/// The same with a limit of its own, in characters.
pub fn shown_within(text: &str, most: usize) -> String {
    let clean: String = text.chars().take(most).map(|c| if c.is_control() || hides(c) { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

/// Text of many lines: line ends become `\n`, tabs stay, other control characters and what hides or turns text goes.
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
            c if c.is_control() || hides(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// What a program prints, for a terminal: lines stay lines, and of each goes what a terminal would obey or what hides.
pub fn for_terminal(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !(c.is_control() || hides(*c))).collect()
}

/// JSON with what a terminal would obey, and what hides, written as `\u` escapes: it says the same to a program.
pub fn escaped_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() || hides(c) {
            let mut units = [0; 2];
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text
}

/// Characters that are not seen and change what is: they turn the direction of their surroundings (a name that ends in
/// `gpj.exe` looks like a picture), or have no width (two names look like one). The joiners U+200C and U+200D stay, since
/// Persian and pictures of families are written with them.
pub fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_hides_nothing() {
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
    fn a_terminal_is_told_nothing_that_it_would_obey_and_a_program_everything() {
        let nasty: String =
            ('\0'..='\u{ff}').filter(|c| c.is_control()).chain(('\0'..=char::MAX).filter(|c| hides(*c))).collect();
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
