//! Tests that the documents match the program: their links and paths exist, the program accepts their commands and options,
//! and `config/default.toml` has their configuration keys.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use figment::Figment;
use figment::providers::{Format, Toml};

/// A document in Markdown.
struct Document {
    path: PathBuf,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Markdown documents of the root and of `docs/`.
fn documents() -> Vec<Document> {
    let mut paths = Vec::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(|name| root().join(name)));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: PathBuf| Document { text: std::fs::read_to_string(&path).unwrap(), path };
    paths.into_iter().map(read).collect()
}

impl Document {
    fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap().display().to_string()
    }

    /// The text outside fenced blocks.
    fn prose(&self) -> String {
        self.text.split("```").step_by(2).collect()
    }

    /// The fenced blocks, with continued lines joined.
    fn blocks(&self) -> Vec<String> {
        let blocks = self.text.split("```").skip(1).step_by(2);
        blocks.map(|block| block.replace("\\\n", " ")).collect()
    }

    /// The code spans within sentences.
    fn code(&self) -> Vec<String> {
        self.prose().split('`').skip(1).step_by(2).map(|code| code.replace('\n', " ")).collect()
    }

    /// The targets of links.
    fn links(&self) -> Vec<String> {
        let prose = self.prose();
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.map(str::to_owned).collect()
    }

    /// The anchors of headings, as the usual Markdown viewers generate them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        let kept = |c: char| c.is_alphanumeric() || "- _".contains(c);
        headings
            .map(|line| line.trim_start_matches('#').trim().to_lowercase())
            .map(|heading| heading.chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-"))
            .collect()
    }
}

#[test]
fn every_link_has_an_existing_target() {
    let all = documents();
    let mut broken = Vec::new();
    for document in &all {
        for link in document.links().into_iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { document.path.clone() } else { document.path.with_file_name(path) };
            let Ok(target) = target.canonicalize() else {
                broken.push(format!("{}: {link}", document.name()));
                continue;
            };
            let found = all.iter().find(|one| one.path.canonicalize().unwrap() == target);
            if !anchor.is_empty() && !found.is_some_and(|one| one.anchors().contains(anchor)) {
                broken.push(format!("{}: {link}: no such heading", document.name()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_path_in_the_documents_exists() {
    let mut missing = Vec::new();
    for document in documents() {
        for code in document.code() {
            let folders = ["src/", "tests/", "scripts/", "config/", "migrations/", "fuzz/", "docs/"];
            if !folders.iter().any(|folder| code.starts_with(folder)) || code.contains(' ') {
                continue;
            }
            // A placeholder such as NAME, `*` or `{sqlite,postgres}` stands for several files: only their folder must exist.
            let is_open = |part: &str| {
                part.contains(['*', '{'])
                    || part.split('.').next().is_some_and(|stem| {
                        stem.len() > 1 && stem.chars().all(|c| c.is_ascii_uppercase()) && stem != "README"
                    })
            };
            let certain: PathBuf = code.split('/').take_while(|part| !is_open(part)).collect();
            if !root().join(&certain).exists() {
                missing.push(format!("{}: {code}", document.name()));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_name_in_the_recipes_occurs_in_the_source() {
    let mut source = String::new();
    for folder in ["src", "tests", "scripts", "migrations", "config"] {
        let mut folders = vec![root().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => source.push_str(&std::fs::read_to_string(&path).unwrap_or_default()),
                }
            }
        }
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let names: BTreeSet<&str> = source.split(|c| !is_part(c)).collect();
    let mut unknown = Vec::new();
    for document in documents().into_iter().filter(|document| document.name() == "CONTRIBUTING.md") {
        for code in document.code().into_iter().filter(|code| !code.contains([' ', '/'])) {
            // Capitals are a placeholder for a name that the reader chooses.
            let is_name = |part: &&str| part.len() > 3 && part.contains(|c: char| c.is_ascii_lowercase());
            let parts = code.split(|c| !is_part(c)).filter(is_name);
            unknown.extend(parts.filter(|part| !names.contains(part)).map(|part| format!("{part} in {code}")));
        }
    }
    assert_eq!(unknown, [""; 0]);
}

/// The first part of a command line that the program does not know.
fn unknown_part(program: &Command, line: &str) -> Option<String> {
    let mut command = program;
    let mut long: BTreeSet<&str> = program.get_arguments().filter_map(|argument| argument.get_long()).collect();
    long.extend(["help", "version"]);
    let mut takes_value = false;
    for word in line.split_whitespace().skip(1) {
        if ["|", "&&", ";", ">", "<", "#", "||"].contains(&word) {
            return None;
        }
        let word = word.trim_start_matches('[').trim_end_matches([']', ',', ';', ')']);
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().unwrap_or(option);
            long.extend(command.get_arguments().filter_map(|argument| argument.get_long()));
            if !name.is_empty() && !long.contains(name) {
                return Some(format!("--{name}"));
            }
            let argument = command.get_arguments().find(|argument| argument.get_long() == Some(name));
            takes_value = !option.contains('=') && argument.is_some_and(|it| it.get_action().takes_values());
        } else if std::mem::take(&mut takes_value) || word.starts_with('-') {
        } else if let Some(below) = command.find_subcommand(word) {
            command = below;
            long.extend(command.get_arguments().filter_map(|argument| argument.get_long()));
        } else if command.get_positionals().next().is_none() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        {
            return Some(word.to_owned());
        }
    }
    None
}

#[test]
fn every_command_in_the_documents_exists() {
    let program = crate::cli::Cli::command();
    let mut unknown = Vec::new();
    let mut count = 0;
    for document in documents() {
        let mut lines: Vec<String> = document.code();
        for block in document.blocks() {
            lines.extend(block.lines().map(|line| line.trim().trim_start_matches("$ ").to_owned()));
        }
        let is_call = |line: &&String| {
            line.split_whitespace().next().is_some_and(|word| word == "mailferry" || word.ends_with("/mailferry"))
                && line.split_whitespace().nth(1).is_some_and(|word| !word.contains('/') && word != "[OPTIONS]")
        };
        for line in lines.iter().filter(is_call) {
            count += 1;
            unknown.extend(unknown_part(&program, line).map(|part| format!("{}: {part} in {line}", document.name())));
        }
    }
    assert_eq!(unknown, [""; 0]);
    assert!(count > 40, "only {count} commands were found");
}

#[test]
fn every_configuration_key_in_the_documents_exists() {
    let defaults = Figment::from(Toml::string(include_str!("../../../config/default.toml")));
    let sections: Vec<String> = match defaults.extract::<figment::value::Dict>() {
        Ok(values) => values.into_keys().collect(),
        Err(error) => panic!("{error}"),
    };
    let is_name =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let (mut unknown, mut count) = (Vec::new(), 0);
    for document in documents() {
        for code in document.code() {
            let key = code.split(" = ").next().unwrap_or_default().trim();
            let parts: Vec<&str> = key.split('.').collect();
            let is_file = ["rs", "toml", "ftl", "md", "db", "html", "snap"].contains(parts.last().unwrap_or(&""));
            let is_key = parts.len() > 1 && sections.iter().any(|section| section == parts[0]) && !is_file;
            // The part below `providers` is a name that the operator chooses.
            if !is_key || !parts.iter().all(|part| is_name(part) || *part == "NAME") {
                continue;
            }
            count += 1;
            let known = key.replace("providers.NAME.", "providers.microsoft.");
            if defaults.find_value(&known).is_err() {
                unknown.push(format!("{}: {key}", document.name()));
            }
        }
    }
    assert_eq!(unknown, [""; 0]);
    assert!(count > 20, "only {count} keys were found");
}
