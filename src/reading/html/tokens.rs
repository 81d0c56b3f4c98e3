//! HTML cut into tags and text, about as a browser does it (WHATWG HTML 13.2.5). Entities are left as they are.
//!
//! It need not be exact, since what is made of it is written anew and read again. It must get on: each byte is looked at a
//! few times at most, whatever is left open.

/// More attributes of a tag are not looked at.
const MOST_ATTRIBUTES: usize = 40;

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Text(&'a str),
    /// Its name in small letters, and its attributes: names in small letters, values as written. Of two, the first counts.
    Start(String, Vec<(String, &'a str)>),
    End(String),
}

/// What these hold is no HTML. It is left out with them.
const RAW: [&str; 8] = ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];

/// The pieces of some HTML.
pub struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub fn of(html: &'a str) -> Self {
        Self { rest: html }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// All until this; all that is left if it does not come.
    fn take_until(&mut self, stop: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(stop).unwrap_or(self.rest.len()))
    }

    fn skip_past(&mut self, end: &str) {
        let length = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.take(length);
    }

    /// `<!`, `<?` or `</` that begins no tag: a comment, or passed over as one.
    fn skip_comment(&mut self) {
        let Some(comment) = self.rest.strip_prefix("<!--") else { return self.skip_past(">") };
        self.rest = comment;
        // `<!-->` and `<!--->` are whole comments.
        if comment.starts_with('>') || comment.starts_with("->") {
            return self.skip_past(">");
        }
        // Sought in one go: a search for either end by itself would look through the rest at every comment.
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

    /// The attributes and the end of a tag. `None` if it does not end.
    fn attributes(&mut self) -> Option<Vec<(String, &'a str)>> {
        let mut found: Vec<(String, &str)> = Vec::new();
        loop {
            self.take_until(|c| !c.is_ascii_whitespace() && c != '/');
            if self.rest.starts_with('>') {
                self.take(1);
                return Some(found);
            }
            self.rest.chars().next()?;
            // `=` at the beginning belongs to the name.
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
            if found.len() < MOST_ATTRIBUTES && !found.iter().any(|(its, _)| its.eq_ignore_ascii_case(name)) {
                found.push((name.to_ascii_lowercase(), value));
            }
        }
    }

    /// What stands until the end tag of this name, and that.
    fn skip_raw(&mut self, name: &str) {
        while !self.rest.is_empty() {
            self.skip_past("</");
            let Some((its, after)) = self.rest.split_at_checked(name.len()) else { continue };
            if its.eq_ignore_ascii_case(name)
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
                    // A `<` that begins nothing is text.
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
    fn html_is_cut_as_a_browser_cuts_it() {
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
            let tokens: Vec<String> = Tokens::of(html)
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
