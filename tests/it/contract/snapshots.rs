//! Takes the snapshots of one test, so that a run shows all differences and not only the first.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use super::masks::Masks;

pub struct Snapshots {
    folder: PathBuf,
    masks: Masks,
    taken: BTreeSet<String>,
    failed: Vec<String>,
}

impl Snapshots {
    /// Takes snapshots in this folder of `tests/snapshots/`, which no other test may use. Names may contain a subfolder.
    pub fn in_folder(folder: &str, masks: Masks) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(folder);
        Self { folder, masks, taken: BTreeSet::new(), failed: Vec::new() }
    }

    pub fn take(&mut self, name: &str, text: &str) {
        assert!(self.taken.insert(name.to_owned()), "two snapshots are called {name}");
        let mut settings = insta::Settings::new();
        let (folder, name_in_it) = name.rsplit_once('/').unwrap_or(("", name));
        settings.set_snapshot_path(self.folder.join(folder));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let text = self.masks.apply(text);
        let is_equal = || settings.bind(|| insta::assert_snapshot!(name_in_it, text));
        if catch_unwind(AssertUnwindSafe(is_equal)).is_err() {
            self.failed.push(name.to_owned());
        }
    }

    /// Fails for every snapshot that differed, and for every file that no snapshot was taken for.
    pub fn finish(self) {
        let mut orphans = names(&self.folder);
        orphans.retain(|name| !self.taken.contains(name));
        assert!(self.failed.is_empty(), "these snapshots differ: {}", self.failed.join(", "));
        assert!(orphans.is_empty(), "no test takes these snapshots of {}: {orphans:?}", self.folder.display());
    }
}

/// The snapshot files in this folder and its subfolders.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match name.strip_suffix(".snap") {
            Some(name) => names.push(name.to_owned()),
            None if path.is_dir() => {
                names.extend(self::names(&path).into_iter().map(|inner| format!("{name}/{inner}")))
            }
            None => {}
        }
    }
    names
}
