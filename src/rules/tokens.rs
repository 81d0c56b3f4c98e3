//! The words and signs of a source text.

/// A word or a sign, and where it stands.
#[derive(Clone)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// The words and signs of a source text, without comments and literals.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(c) = rest.chars().next() {
        let is_in_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = literal(rest) {
            tokens.push(Token { text: "\"\"".to_owned(), line });
            length
        } else if is_in_word(c) {
            let length = rest.find(|c| !is_in_word(c)).unwrap_or(rest.len());
            tokens.push(Token { text: rest[..length].to_owned(), line });
            length
        } else if rest.starts_with("::") {
            tokens.push(Token { text: "::".to_owned(), line });
            2
        } else {
            if !c.is_whitespace() {
                tokens.push(Token { text: c.to_string(), line });
            }
            c.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The tokens without what is compiled for tests only.
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
        // One item: to its semicolon, or to the end of its braces.
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

/// The length of the string or character that stands here.
fn literal(text: &str) -> Option<usize> {
    let bare = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - bare.len();
    if let Some(raw) = bare.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if prefix <= 1 && raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let content = &raw[hashes + 1..];
            return Some(prefix + 1 + hashes + 1 + content.find(&end).unwrap() + end.len());
        }
    }
    let quote = bare.chars().next().filter(|quote| prefix <= 1 && matches!(quote, '"' | '\''))?;
    if quote == '\'' && !bare[1..].starts_with('\\') && bare.chars().nth(2) != Some('\'') {
        return None; // a lifetime
    }
    let mut escaped = false;
    for (at, c) in bare.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(prefix + at + 1),
            _ => {}
        }
    }
    None
}
