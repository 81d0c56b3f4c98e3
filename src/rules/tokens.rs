//! A tokenizer for source texts.

/// A token with its line.
#[derive(Clone)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// The tokens of a source text, without comments, and with every literal as `""`.
pub fn tokens(text: &str) -> Vec<Token> {
    let is_in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(c) = rest.chars().next() {
        let (length, kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if let Some(length) = literal(rest) {
            (length, Some("\"\""))
        } else if is_in_word(c) {
            let length = rest.find(|c| !is_in_word(c)).unwrap_or(rest.len());
            (length, Some(rest.split_at(length).0))
        } else if rest.starts_with("::") {
            (2, Some("::"))
        } else {
            let length = c.len_utf8();
            (length, Some(rest.split_at(length).0).filter(|_| !c.is_whitespace()))
        };
        tokens.extend(kept.map(|text| Token { text: text.to_owned(), line }));
        let (taken, behind) = rest.split_at(length);
        line += taken.matches('\n').count();
        rest = behind;
    }
    tokens
}

/// The tokens without the items that are compiled only for tests.
pub fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let mark: Vec<&str> = "# [ cfg ( test ) ]".split(' ').collect();
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].iter().map(|token| token.text.as_str()).take(mark.len()).eq(mark.iter().copied()) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        // An item ends at its semicolon or its closing brace.
        let mut depth = 0;
        at += mark.len();
        loop {
            match tokens[at].text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 && matches!(tokens[at - 1].text.as_str(), ";" | "}") {
                break;
            }
        }
    }
    kept
}

/// The length of the string or character literal at the start of the text.
fn literal(text: &str) -> Option<usize> {
    let bare = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - bare.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = bare.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let (mark, content) = raw.split_at(hashes);
        if let Some(content) = content.strip_prefix('"') {
            let end = content.find(&format!("\"{mark}")).unwrap();
            return Some(prefix + 1 + hashes + 1 + end + 1 + hashes);
        }
    }
    let mut chars = bare.char_indices();
    let (_, quote) = chars.next().filter(|(_, quote)| matches!(quote, '"' | '\''))?;
    let is_lifetime = |bare: &str| !bare.starts_with("'\\") && bare.chars().nth(2) != Some('\'');
    if quote == '\'' && is_lifetime(bare) {
        return None;
    }
    let mut escaped = false;
    for (at, c) in chars {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(prefix + at + 1),
            _ => {}
        }
    }
    None
}
