//! The rules of `lib.rs` that can be read off the source, kept by a test.

use std::path::{Path, PathBuf};

/// The files below a folder whose names end so, sorted.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path, extension)),
            false if path.extension().is_some_and(|its| its == extension) => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The files under `src` whose code holds one of these words, without the exempt ones. Comment lines do not count.
fn naming(words: &[&str], exempt: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in files(&root, "rs") {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if name == "rules.rs" || exempt.iter().any(|allowed| name.starts_with(allowed)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code.into_iter().any(|line| words.iter().any(|word| line.contains(word))) {
            found.push(name);
        }
    }
    found
}

fn in_folder(folder: &str, words: &[&str]) -> Vec<String> {
    naming(words, &[]).into_iter().filter(|name| name.starts_with(folder)).collect()
}

#[test]
fn rule_1_dependencies_point_down() {
    assert_eq!(in_folder("imap", &["crate::store", "crate::poll", "crate::schedule", "crate::cli"]), [""; 0]);
    assert_eq!(in_folder("store", &["crate::poll", "crate::schedule", "crate::imap", "crate::cli"]), [""; 0]);
    assert_eq!(in_folder("oauth", &["crate::imap", "crate::poll", "crate::schedule", "crate::cli"]), [""; 0]);
    assert_eq!(in_folder("discover", &["crate::store", "crate::imap", "crate::poll", "crate::oauth"]), [""; 0]);
    assert_eq!(in_folder("poll", &["crate::schedule", "crate::cli", "crate::http"]), [""; 0]);
    assert_eq!(in_folder("schedule", &["crate::cli", "crate::http"]), [""; 0]);
    assert_eq!(
        naming(&["crate::http::", "crate::http;", "{http,"], &["cli/check.rs", "cli/serve.rs", "http"]),
        [""; 0]
    );
    assert_eq!(in_folder("mail", &["async ", "std::fs", "tokio::"]), [""; 0]);
    assert_eq!(in_folder("reading", &["async ", "tokio::", "crate::store", "crate::poll", "crate::http"]), [""; 0]);
}

#[test]
fn rule_2_only_settle_changes_the_customers_copy() {
    assert_eq!(naming(&["mutate::", "mutate}", "mutate,"], &["poll/settle.rs"]), [""; 0]);
    let changing =
        ["\"UID STORE", "\"UID MOVE", "\"UID COPY", "\"UID EXPUNGE", "\"EXPUNGE\"", "\"CLOSE", "\"CREATE", "\"APPEND"];
    assert_eq!(naming(&changing, &["imap/mutate.rs", "test_server", "model.rs"]), [""; 0]);
    assert_eq!(
        naming(&["BODY["], &["imap/quirk.rs", "imap/guard", "test_server", "model.rs"]),
        [""; 0],
        "always BODY.PEEK"
    );
}

#[test]
fn sql_lives_in_the_store_only() {
    assert_eq!(naming(&["sqlx::query"], &["store"]), [""; 0]);
}
