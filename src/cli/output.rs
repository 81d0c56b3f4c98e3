//! The output of a command: text or a table for people, or one JSON object per line for programs.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::shown::{escaped_json, for_terminal, shown_within};

#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Print one JSON object per line.
    pub json: bool,
}

/// Maximum width of a column, in characters.
const MAX_COLUMN: usize = 60;
/// Maximum width of the last column, in characters.
const MAX_LAST_COLUMN: usize = 500;

impl Output {
    /// Prints one object: as JSON, or as the text that `words` returns.
    pub fn object<T: Serialize>(self, object: &T, words: impl FnOnce() -> String) -> std::io::Result<()> {
        match self.json {
            true => json(object),
            false => print(&format!("{}\n", for_terminal(&words()))),
        }
    }

    /// Prints rows: each as JSON, or all as a table. Instead of an empty table, prints the text `none`.
    pub fn rows<T: Serialize>(
        self,
        rows: &[T],
        headings: &[&str],
        cells: impl Fn(&T) -> Vec<String>,
        none: &str,
    ) -> std::io::Result<()> {
        if self.json {
            for row in rows {
                json(row)?;
            }
            return Ok(());
        }
        if rows.is_empty() {
            return print(&format!("{none}\n"));
        }
        let mut lines = vec![headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>()];
        lines.extend(rows.iter().map(|row| {
            let cells = cells(row);
            // No column follows the last one, so it may be wider.
            cells
                .iter()
                .enumerate()
                .map(|(n, cell)| truncate(cell, if n + 1 < cells.len() { MAX_COLUMN } else { MAX_LAST_COLUMN }))
                .collect()
        }));
        print(&table(&lines))
    }

    /// Prints a text for people; prints nothing if the output is JSON.
    pub fn message(self, words: &str) -> std::io::Result<()> {
        if self.json { Ok(()) } else { print(&format!("{}\n", for_terminal(words))) }
    }
}

/// Whether a person can see progress bars.
pub fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}

/// Prints the text unchanged.
pub fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())
}

fn json(object: &impl Serialize) -> std::io::Result<()> {
    print(&format!("{}\n", escaped_json(&serde_json::to_string(object)?)))
}

fn truncate(cell: &str, max: usize) -> String {
    // Text from strangers may hold control characters; the terminal must not interpret them.
    let clean = shown_within(cell, cell.len());
    if clean.chars().count() <= max { clean } else { clean.chars().take(max - 1).chain(['…']).collect() }
}

fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            row.push_str(cell);
            row.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count().min(*width)));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
