//! Tests for those rules of `lib.rs` that can be checked in the source.

mod functions;
mod imports;
mod tokens;

use std::path::{Path, PathBuf};

/// The files below a folder with this extension, sorted.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path, extension)),
            false if path.extension().is_some_and(|other| other == extension) => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The files under `src` whose code contains one of these words, except exempt ones. Comment lines do not count.
fn files_with(words: &[&str], exempt: &[&str]) -> Vec<String> {
    let root = source();
    let mut found = Vec::new();
    for path in files(&root, "rs") {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if name.starts_with("rules") || exempt.iter().any(|allowed| name.starts_with(allowed)) {
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
    files_with(words, &[]).into_iter().filter(|name| name.starts_with(folder)).collect()
}

#[test]
fn rule_1_dependencies_point_down() {
    let above = ["crate::store", "crate::poll", "crate::schedule", "crate::cli", "crate::config"];
    let of_imap = files_with(&above, &["imap/guard/work.rs"]); // measures what the default limits let through
    assert_eq!(of_imap.into_iter().filter(|name| name.starts_with("imap")).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(in_folder("store", &["crate::poll", "crate::schedule", "crate::imap", "crate::cli"]), [""; 0]);
    assert_eq!(in_folder("oauth", &["crate::imap", "crate::poll", "crate::schedule", "crate::cli"]), [""; 0]);
    assert_eq!(in_folder("discover", &["crate::store", "crate::imap", "crate::poll", "crate::oauth"]), [""; 0]);
    assert_eq!(in_folder("poll", &["crate::schedule", "crate::cli", "crate::http"]), [""; 0]);
    assert_eq!(in_folder("schedule", &["crate::cli", "crate::http"]), [""; 0]);
    assert_eq!(in_folder("app", &["crate::cli", "crate::http", "axum", "clap::"]), [""; 0]);
    for below in ["store", "imap", "oauth", "deliver", "poll", "schedule", "discover", "mail", "reading"] {
        assert_eq!(in_folder(below, &["crate::app"]), [""; 0], "{below}");
    }
    assert_eq!(
        files_with(
            &["crate::http::", "crate::http;", "{http,"],
            &["cli/check.rs", "cli/serve.rs", "cli/tests", "http"]
        ),
        [""; 0]
    );
    assert_eq!(in_folder("mail/", &["async ", "std::fs", "tokio::"]), [""; 0]);
    assert_eq!(in_folder("reading", &["async ", "tokio::", "crate::store", "crate::poll", "crate::http"]), [""; 0]);
}

#[test]
fn rule_2_only_settle_changes_the_customers_copy() {
    assert_eq!(files_with(&["mutate::", "mutate}", "mutate,"], &["poll/settle.rs"]), [""; 0]);
    let changing =
        ["\"UID STORE", "\"UID MOVE", "\"UID COPY", "\"UID EXPUNGE", "\"EXPUNGE\"", "\"CLOSE", "\"CREATE", "\"APPEND"];
    assert_eq!(files_with(&changing, &["imap/mutate.rs", "test_server", "model.rs"]), [""; 0]);
    assert_eq!(
        files_with(&["BODY["], &["imap/quirk.rs", "imap/guard", "test_server", "model.rs"]),
        [""; 0],
        "always BODY.PEEK"
    );
}

#[test]
fn rule_13_only_use_cases_begin_a_transaction() {
    let beginning = ["store.begin()", "store().begin()", ".audit("];
    assert_eq!(files_with(&beginning, &["app", "store"]), [""; 0]);
}

#[test]
fn sql_lives_in_the_store_only() {
    assert_eq!(files_with(&["sqlx::query"], &["store"]), [""; 0]);
}

#[test]
fn no_files_import_each_other_in_a_loop() {
    let found = imports::find_loop(&imports::graph(&source())).map(|files| files.join(" -> "));
    assert_eq!(found, None, "files that import each other");
}

/// Files with `{:?}`, each with the reason why no person sees a dump of a value.
const DEBUG_FORMATTING: [(&str, &str); 7] = [
    ("address.rs", "quotes what a person has written"),
    ("config/host.rs", "quotes what a person has written"),
    ("config/values.rs", "quotes what a person has written"),
    ("http/api/mailboxes/view.rs", "goes into a hash"),
    ("imap/guard/work.rs", "measures, for tests"),
    ("locale.rs", "an assertion of debug builds"),
    ("store/person.rs", "quotes what a person has written"),
];

#[test]
fn rule_13_no_debug_output_reaches_a_person() {
    let mut found = Vec::new();
    for path in files(&source(), "rs") {
        let name = path.strip_prefix(source()).unwrap().to_str().unwrap().to_owned();
        // Most of these modules are for tests and development; the command line shows our own names this way.
        let is_exempt = ["rules", "test_server", "model", "fuzz", "cli"].iter().any(|prefix| name.starts_with(prefix));
        if is_exempt || name.contains("tests") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = own.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code.into_iter().any(|line| line.contains(":?}") || line.contains(":#?}")) {
            found.push(name);
        }
    }
    assert_eq!(found, DEBUG_FORMATTING.map(|(name, _)| name));
}

/// Maximum number of lines of a function, so that a function fits on one screen.
const MAX_LINES: usize = 60;
/// Maximum number of parameters, including `self`.
const MAX_PARAMETERS: usize = 5;

#[test]
fn functions_fit_a_screen_and_take_few_parameters() {
    let mut found = Vec::new();
    for path in files(&source(), "rs") {
        let name = path.strip_prefix(source()).unwrap().to_str().unwrap().to_owned();
        let parts: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
        let is_tests =
            parts.contains(&"tests") || ["model", "rules"].contains(&parts[0]) || name == "imap/guard/work.rs";
        if is_tests {
            continue;
        }
        for function in functions::functions(&std::fs::read_to_string(&path).unwrap()) {
            // A trait of rustls requires the parameters of `verify_server_cert`. The parameters of `t2` could only be fewer
            // as a tuple, which a template cannot borrow.
            let function_name = function.to_string();
            let is_fixed = ["verify_server_cert ", "t2 "].iter().any(|name| function_name.starts_with(name));
            if function.lines > MAX_LINES || (function.parameters > MAX_PARAMETERS && !is_fixed) {
                found.push(format!("{name}: {function}"));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
