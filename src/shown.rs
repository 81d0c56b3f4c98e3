//! What strangers wrote, made fit for a log, a terminal and a page.

/// One line, no control characters, nothing that turns the direction of what is around it, not too long.
pub fn shown(text: &str) -> String {
    const MOST: usize = 300;
    let turns = |c: char| matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = text.chars().take(MOST).map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect();
    clean.trim().to_owned()
}
