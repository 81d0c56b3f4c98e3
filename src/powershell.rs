//! Lines that somebody runs in PowerShell.

/// A literal text (about_Quoting_Rules): within single quotes nothing but these has a meaning.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace(['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'], "''"))
}
