//! Quoting for PowerShell command lines.

/// A literal string (about_Quoting_Rules): within single quotes only these quote characters are special.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace(['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'], "''"))
}
