//! Splits HTML into tags and text, approximately like a browser (WHATWG HTML section 13.2.5). Entities are not decoded.
//!
//! The splitting need not be exact, since the result is rewritten and parsed again. But it must take linear time: each
//! byte is examined a small number of times, even if tags are left open.

/// Maximum number of attributes of a tag; others are dropped.
const MAX_ATTRIBUTES: usize = 40;

/// A token of HTML.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Text(&'a str),
    /// Name in lower case, and attributes: names in lower case, values as written. If a name occurs twice, the first
    /// attribute counts.
    Start(String, Vec<(String, &'a str)>),
    End(String),
}

/// Elements whose content is not HTML. They are dropped with their content.
const RAW: [&str; 8] = ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];

/// An iterator over the tokens of some HTML.
pub struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub fn new(html: &'a str) -> Self {
        Self { rest: html }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes everything before a character that matches `stop`, or the rest.
    fn take_until(&mut self, stop: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(stop).unwrap_or(self.rest.len()))
    }

    fn skip_past(&mut self, end: &str) {
        let length = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.take(length);
    }

    /// Skips a comment, or a `<!`, `<?` or `</` that a browser treats as one.
    fn skip_comment(&mut self) {
        let Some(comment) = self.rest.strip_prefix("<!--") else { return self.skip_past(">") };
        self.rest = comment;
        // `<!-->` and `<!--->` are complete comments.
        if comment.starts_with('>') || comment.starts_with("->") {
            return self.skip_past(">");
        }
        // Search for both end forms at once: two separate searches would each scan the rest at every comment.
        while !self.rest.is_empty() {
            self.skip_past("--");
            let after = self.rest.trim_start_matches('-');
            self.rest = after;
            if after.starts_with('>') || after.starts_with("!>") {
                return self.skip_past(">");
            }
        }
    }

    fn name(&mut self) -> String {
        self.take_until(|c| c.is_ascii_whitespace() || c == '/' || c == '>').to_ascii_lowercase()
    }

    /// The attributes and the end of a tag. `None` if the tag does not end.
    fn attributes(&mut self) -> Option<Vec<(String, &'a str)>> {
        let mut found: Vec<(String, &str)> = Vec::new();
        loop {
            self.take_until(|c| !c.is_ascii_whitespace() && c != '/');
            if self.rest.starts_with('>') {
                self.take(1);
                return Some(found);
            }
            self.rest.chars().next()?;
            // An initial `=` belongs to the name.
            let name_end =
                self.rest.char_indices().skip(1).find(|(_, c)| c.is_ascii_whitespace() || "/>=".contains(*c));
            let name = self.take(name_end.map_or(self.rest.len(), |(at, _)| at));
            let after = self.rest.trim_ascii_start();
            let mut value = "";
            if let Some(after) = after.strip_prefix('=') {
                self.rest = after.trim_ascii_start();
                value = match self.rest.chars().next()? {
                    quote @ ('"' | '\'') => {
                        self.take(1);
                        let value = self.take_until(|c| c == quote);
                        self.rest.starts_with(quote).then(|| self.take(1))?;
                        value
                    }
                    _ => self.take_until(|c| c.is_ascii_whitespace() || c == '>'),
                };
            }
            if found.len() < MAX_ATTRIBUTES && !found.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                found.push((name.to_ascii_lowercase(), value));
            }
        }
    }

    /// Skips everything up to and including the end tag with this name.
    fn skip_raw(&mut self, name: &str) {
        while !self.rest.is_empty() {
            self.skip_past("</");
            let Some((candidate, after)) = self.rest.split_at_checked(name.len()) else { continue };
            if candidate.eq_ignore_ascii_case(name)
                && after.starts_with(|c: char| c.is_ascii_whitespace() || "/>".contains(c))
            {
                return self.skip_past(">");
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let mut start = self.rest.chars();
            match (start.next()?, start.next()) {
                ('<', Some(c)) if c.is_ascii_alphabetic() => {
                    self.take(1);
                    let name = self.name();
                    let Some(attributes) = self.attributes() else {
                        self.rest = "";
                        return None;
                    };
                    if RAW.contains(&name.as_str()) {
                        self.skip_raw(&name);
                    }
                    return Some(Token::Start(name, attributes));
                }
                ('<', Some('/')) if start.next().is_some_and(|c| c.is_ascii_alphabetic()) => {
                    self.take(2);
                    let name = self.name();
                    self.attributes()?;
                    return Some(Token::End(name));
                }
                ('<', Some('!' | '?' | '/')) => self.skip_comment(),
                _ => {
                    // A `<` that does not start a tag is text.
                    let length = self.rest.char_indices().skip(1).find(|(_, c)| *c == '<').map(|(at, _)| at);
                    return Some(Token::Text(self.take(length.unwrap_or(self.rest.len()))));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_split_as_a_browser_splits_it() {
        for (html, expected) in [
            ("a<b>c</b >d", "a|<b>|c|</b>|d"),
            ("a < b <", "a |< b |<"),
            ("<A HREF=x title='y z' checked>", "<a href=x title=y z checked=>"),
            ("<a/href=\"x>y\"/onclick=1>", "<a href=x>y onclick=1>"),
            ("<a b=1 B=2 = c>", "<a b=1 == c=>"),
            ("<p title=\"never closed><b>x", ""),
            ("a<!-- <b> -->c<!-->d<!--->e<!x>f<?php g ?>h</3>i", "a|c|d|e|f|h|i"),
            ("<!-- a --!>b<!-- never", "b"),
            ("<!--[if mso]><b>x</b><![endif]-->y<![if !mso]>z<![endif]>", "y|z"),
            ("a<script>b</scripty></SCRIPT\n>c", "a|<script>|c"),
            ("<style>a", "<style>"),
            ("<", "<"),
            ("</", ""),
            ("<b", ""),
        ] {
            let tokens: Vec<String> = Tokens::new(html)
                .map(|token| match token {
                    Token::Text(text) => text.to_owned(),
                    Token::End(name) => format!("</{name}>"),
                    Token::Start(name, attributes) => {
                        let attributes = attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                        format!("<{name}{}>", attributes.collect::<String>())
                    }
                })
                .collect();
            assert_eq!(tokens.join("|"), expected, "{html}");
        }
    }
}
