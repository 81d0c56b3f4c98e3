//! Splits a header section into its fields, still folded, as sent.

use super::digest::{MAX_HEADER, header_end};

/// Maximum length of a field's name.
pub const MAX_NAME: usize = 100;

/// A field of a header.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    pub name: &'a str,
    /// The value as sent, still folded.
    pub value: &'a [u8],
}

impl Field<'_> {
    /// Whether the field has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The first `max` bytes of the value as one line, with single spaces. Bytes that are not UTF-8 are replaced.
    pub fn unfolded(&self, max: usize) -> String {
        let value = self.value.get(..max).unwrap_or(self.value);
        String::from_utf8_lossy(value).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The header section at the beginning of these bytes, up to the maximum length.
pub fn header_section(mail: &[u8]) -> &[u8] {
    let mail = mail.get(..MAX_HEADER).unwrap_or(mail);
    header_end(mail, 0).and_then(|end| mail.get(..end)).unwrap_or(mail)
}

/// The fields of a header section. Other lines, such as mbox's `From `, are skipped.
pub fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = header;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let mut end = 0;
            loop {
                let line = rest.get(end..).unwrap_or_default();
                end += line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1);
                if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                    break;
                }
            }
            let (field, after) = rest.split_at_checked(end)?;
            rest = after;
            let Some(colon) = field.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = field.split_at_checked(colon)?;
            let name = name.trim_ascii();
            // A name has neither spaces nor non-ASCII characters (RFC 5322 section 3.6.8).
            if !name.is_empty()
                && name.len() <= MAX_NAME
                && name.iter().all(u8::is_ascii_graphic)
                && let Ok(name) = std::str::from_utf8(name)
            {
                return Some(Field { name, value: value.get(1..).unwrap_or_default() });
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_at_line_ends_that_do_not_fold() {
        let header = b"From someone Mon Jan 1\nA: 1\r\n\t2\r\nno field\r\nb :3\nC\xe5: 4\r\n: 5\r\nD:";
        let found: Vec<(&str, String)> = fields(header).map(|field| (field.name, field.unfolded(100))).collect();
        assert_eq!(found, [("A", "1 2".to_owned()), ("b", "3".to_owned()), ("D", String::new())]);
    }

    #[test]
    fn the_header_section_ends_at_the_empty_line_or_at_the_limit() {
        assert_eq!(header_section(b"A: 1\r\n\r\nB: 2"), b"A: 1\r\n\r\n");
        assert_eq!(header_section(b"A: 1\nB: 2"), b"A: 1\nB: 2");
        assert_eq!(header_section(&vec![b'a'; MAX_HEADER + 1]).len(), MAX_HEADER);
    }
}
