//! Parsing of commands, and formatting of answers.

/// Appends an untagged answer.
pub fn untagged(out: &mut Vec<u8>, text: &str) {
    out.extend(format!("* {text}\r\n").into_bytes());
}

/// A folder's name. INBOX is case-insensitive.
pub fn name(word: Option<&str>) -> String {
    let word = word.unwrap_or_default();
    if word.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { word.to_owned() }
}

/// The words of a command. Quotes are removed; text in parentheses or brackets stays together.
pub fn words(command: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped, mut any) = (0_u32, false, false, false);
    for c in command.chars() {
        match c {
            _ if escaped => (escaped, _) = (false, word.push(c)),
            '\\' if quoted => escaped = true,
            '"' if depth == 0 => (quoted, any) = (!quoted, true),
            ' ' if !quoted && depth == 0 => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            _ => {
                match c {
                    '(' | '[' if !quoted => depth += 1,
                    ')' | ']' if !quoted => depth = depth.saturating_sub(1),
                    _ => {}
                }
                word.push(c);
            }
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_parsed() {
        assert_eq!(
            words("UID FETCH 1 (UID BODY[HEADER.FIELDS (X)])"),
            ["UID", "FETCH", "1", "(UID BODY[HEADER.FIELDS (X)])"]
        );
        assert_eq!(words("LOGIN \"a \\\"b\" \"\""), ["LOGIN", "a \"b", ""]);
    }
}
