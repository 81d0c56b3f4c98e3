//! What a command prints: a table for people, or one JSON object a line for programs.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::shown::{escaped_json, for_terminal, shown_within};

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON object a line.
    pub json: bool,
}

/// The widest a column gets in a table, and the last one.
const WIDEST: usize = 60;
const LONGEST: usize = 500;

impl Output {
    /// Prints one object: as JSON, or by the words given.
    pub fn one<T: Serialize>(self, object: &T, words: impl FnOnce() -> String) -> std::io::Result<()> {
        match self.json {
            true => json(object),
            false => print(&format!("{}\n", for_terminal(&words()))),
        }
    }

    /// Prints rows: each as JSON, or as a table under these headings.
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
            // Nothing stands behind the last column, so it may be as long as it is.
            cells
                .iter()
                .enumerate()
                .map(|(n, cell)| fit(cell, if n + 1 < cells.len() { WIDEST } else { LONGEST }))
                .collect()
        }));
        print(&table(&lines))
    }

    /// Says that something is done, to people only.
    pub fn say(self, words: &str) -> std::io::Result<()> {
        if self.json { Ok(()) } else { print(&format!("{}\n", for_terminal(words))) }
    }
}

/// Whether a person watches the progress.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Prints as it is.
pub fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())
}

fn json(object: &impl Serialize) -> std::io::Result<()> {
    print(&format!("{}\n", escaped_json(&serde_json::to_string(object)?)))
}

fn fit(cell: &str, most: usize) -> String {
    // What strangers wrote may hold anything; a terminal must not obey it.
    let clean = shown_within(cell, cell.len());
    if clean.chars().count() <= most { clean } else { clean.chars().take(most - 1).chain(['…']).collect() }
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
