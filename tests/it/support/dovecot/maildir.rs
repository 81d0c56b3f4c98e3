//! Mail in and out of Dovecot's Maildir, as files.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::Dovecot;

/// A message in the Maildir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The file name under which it was delivered.
    pub name: String,
    /// The Maildir flags, for instance `ST` for seen and deleted, without those of keywords.
    pub flags: String,
    pub keywords: Vec<String>,
    pub bytes: Vec<u8>,
}

impl Dovecot {
    /// Delivers a mail with exactly these bytes to a folder, under a name by which the test finds it again.
    pub fn deliver(&self, user: &str, folder: &str, name: &str, bytes: &[u8]) {
        self.deliver_at(user, folder, name, bytes, SystemTime::now());
    }

    /// Like `deliver`, with this INTERNALDATE, which Dovecot takes from the file.
    pub fn deliver_at(&self, user: &str, folder: &str, name: &str, bytes: &[u8], internal_date: SystemTime) {
        self.deliver_as(user, folder, &format!("new/{name}"), bytes, internal_date);
    }

    /// Delivers a mail that a mail program has already seen and given these Maildir flags.
    pub fn deliver_with_flags(&self, user: &str, folder: &str, name: &str, bytes: &[u8], flags: &str) {
        self.deliver_as(user, folder, &format!("cur/{name}:2,{flags}"), bytes, SystemTime::now());
    }

    fn deliver_as(&self, user: &str, folder: &str, target: &str, bytes: &[u8], internal_date: SystemTime) {
        let folder = self.folder(user, folder);
        let name = target.rsplit('/').next().unwrap();
        let unfinished = folder.join("tmp").join(name);
        fs::write(&unfinished, bytes).unwrap();
        File::options().write(true).open(&unfinished).unwrap().set_modified(internal_date).unwrap();
        // Dovecot must never see half a mail.
        fs::rename(&unfinished, folder.join(target)).unwrap();
    }

    /// Creates a folder; levels are separated by `/`, and the name is plain Unicode.
    pub fn create_folder(&self, user: &str, folder: &str) {
        let folder = self.folder(user, folder);
        for part in [&folder, &folder.join("cur"), &folder.join("new"), &folder.join("tmp")] {
            self.owner.make_dir(part);
        }
    }

    /// The messages in a folder, sorted by the names they were delivered under.
    pub fn messages(&self, user: &str, folder: &str) -> Vec<Stored> {
        let folder = self.folder(user, folder);
        let keywords = keywords(&folder);
        // A mail that the server moves from new to cur at the same time must not be missed.
        let mut messages: Vec<Stored> = ["new", "cur"]
            .iter()
            .flat_map(|part| fs::read_dir(folder.join(part)).into_iter().flatten())
            .filter_map(|entry| stored(&entry.unwrap().path(), &keywords))
            .collect();
        messages.sort_by(|a, b| a.name.cmp(&b.name));
        messages.dedup_by(|a, b| a.name == b.name);
        messages
    }

    /// The names under which the messages in a folder were delivered, sorted.
    pub fn names(&self, user: &str, folder: &str) -> Vec<String> {
        self.messages(user, folder).into_iter().map(|message| message.name).collect()
    }

    /// The names of the files in `new/`: mails that clients have opened only read-only.
    pub fn untouched(&self, user: &str, folder: &str) -> Vec<String> {
        let new = fs::read_dir(self.folder(user, folder).join("new")).unwrap();
        let mut names: Vec<String> = new.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn folder(&self, user: &str, folder: &str) -> PathBuf {
        let maildir = self.dir.path().join("mail").join(user).join("Maildir");
        self.owner.make_dir(&maildir);
        match folder {
            "INBOX" => maildir,
            // Maildir++: all folders are directories on one level, with the levels of their names separated by dots.
            other => maildir.join(format!(".{}", other.replace('/', "."))),
        }
    }
}

/// The keywords of a folder, with their letters in the file names. `dovecot-keywords` gives each a number: 0 is the letter a.
fn keywords(folder: &Path) -> Vec<(char, String)> {
    let list = fs::read_to_string(folder.join("dovecot-keywords")).unwrap_or_default();
    let keyword = |line: &str| {
        let (number, name) = line.split_once(' ')?;
        Some((char::from(b'a' + number.parse::<u8>().ok()?), name.to_owned()))
    };
    list.lines().filter_map(keyword).collect()
}

/// Returns `None` for a file that is gone: the server may be moving it.
fn stored(file: &Path, known: &[(char, String)]) -> Option<Stored> {
    let bytes = fs::read(file).ok()?;
    let file = file.file_name()?.to_str()?;
    let (name, letters) = file.split_once(":2,").unwrap_or((file, ""));
    let name = name.split(',').next()?.to_owned();
    let (keyword_letters, flags): (String, String) = letters.chars().partition(char::is_ascii_lowercase);
    let keywords = known.iter().filter(|(letter, _)| keyword_letters.contains(*letter));
    Some(Stored { name, flags, keywords: keywords.map(|(_, keyword)| keyword.clone()).collect(), bytes })
}
