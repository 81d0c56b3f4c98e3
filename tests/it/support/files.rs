//! External files, in a folder that an environment variable names.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// The files below the folder that this variable names, with their relative names, sorted; none, with a message, if the variable is
/// not set.
pub fn from_environment(variable: &str, of_what: &str) -> Vec<(String, PathBuf)> {
    let Some(folder) = std::env::var_os(variable).map(PathBuf::from) else {
        // Written directly to the terminal: the output of a passing test is not shown.
        let _ = writeln!(std::io::stderr(), "skipped: {variable} is not set to a folder of {of_what}");
        return Vec::new();
    };
    let mut files = Vec::new();
    collect(&folder, &folder, &mut files);
    assert!(!files.is_empty(), "{variable} has no files");
    files.sort();
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(root, &path, files),
            false => files.push((path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), path)),
        }
    }
}
