//! What the server has: folders with mails, whose UIDs, UIDVALIDITY and UIDNEXT a test may change at will.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

/// One mail in a folder.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its UID.
    pub uid: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its INTERNALDATE, in UTC.
    pub date: DateTime,
    /// Its flags and keywords.
    pub flags: BTreeSet<String>,
}

/// A folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Its UIDVALIDITY.
    pub uidvalidity: u32,
    /// The UID that the next mail gets.
    pub uidnext: u32,
    /// Its mails, their UIDs ascending.
    pub messages: Vec<Message>,
    /// `\Trash` and the like (RFC 6154).
    pub special_use: Option<String>,
    /// Mails that ever came in.
    pub came_in: u32,
}

impl Default for Folder {
    fn default() -> Self {
        Self { uidvalidity: 17, uidnext: 1, messages: Vec::new(), special_use: None, came_in: 0 }
    }
}

impl Folder {
    /// Puts a mail in and returns its UID. It is a minute younger than the one that came in before it.
    pub fn append(&mut self, bytes: impl Into<Vec<u8>>) -> u32 {
        let date = date(2026, 3, 3).at(8, 30, 0, 0) + SignedDuration::from_mins(self.came_in.into());
        self.append_at(bytes, date)
    }

    /// Puts a mail in with this date and returns its UID.
    pub fn append_at(&mut self, bytes: impl Into<Vec<u8>>, date: DateTime) -> u32 {
        let uid = self.uidnext;
        self.came_in += 1;
        self.uidnext = self.uidnext.saturating_add(1);
        self.messages.push(Message { uid, bytes: bytes.into(), date, flags: BTreeSet::new() });
        uid
    }

    /// The mail with this UID.
    pub fn message(&self, uid: u32) -> Option<&Message> {
        self.messages.iter().find(|message| message.uid == uid)
    }

    /// Takes mails away; a server that puts them back gives each a new UID.
    pub(super) fn take(&mut self, is_taken: impl Fn(&Message) -> bool, faults: &super::Faults) {
        let (taken, kept) = std::mem::take(&mut self.messages).into_iter().partition(is_taken);
        self.messages = kept;
        for message in taken.into_iter().filter(|_: &Message| faults.puts_back) {
            let mut bytes = message.bytes;
            if faults.puts_back_changed {
                bytes.extend_from_slice(b"Scanned.\r\n");
            }
            self.append_at(bytes, message.date);
        }
    }

    /// Takes a mail away for good.
    pub fn expunge(&mut self, uid: u32) {
        self.messages.retain(|message| message.uid != uid);
    }

    /// The folder is built anew, as by a migration: another UIDVALIDITY, the mails numbered from 1.
    pub fn renumber(&mut self, uidvalidity: u32) {
        self.uidvalidity = uidvalidity;
        self.uidnext = 1;
        for message in &mut self.messages {
            message.uid = self.uidnext;
            self.uidnext += 1;
        }
    }

    /// A backup is restored under the same UIDVALIDITY: mails from this UID on are gone, and their UIDs are given again.
    pub fn rewind(&mut self, uidnext: u32) {
        self.messages.retain(|message| message.uid < uidnext);
        self.uidnext = uidnext;
    }
}

/// A mail account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Its folders by name; INBOX is always there.
    pub folders: BTreeMap<String, Folder>,
    /// What is wrong with the server.
    pub faults: super::Faults,
    /// Every command line of every client, without its tag; of a login the word only.
    pub commands: Vec<String>,
    /// Logins so far.
    pub logins: u32,
    /// Which access tokens open it, by XOAUTH2 and no other way; `None`: every login does.
    pub tokens: Option<Tokens>,
}

/// Which access tokens open an account.
#[derive(Clone)]
pub struct Tokens(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl Tokens {
    /// Those of which this is true, at each login anew.
    pub fn that(open: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    pub(super) fn open(&self, token: &str) -> bool {
        (self.0)(token)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Account {
    /// With these mails in INBOX.
    pub fn with_mails<B: Into<Vec<u8>>>(mails: impl IntoIterator<Item = B>) -> Self {
        let mut account = Self::default();
        for mail in mails {
            account.inbox().append(mail);
        }
        account
    }

    /// INBOX.
    pub fn inbox(&mut self) -> &mut Folder {
        self.folder("INBOX")
    }

    /// The name that a folder has in the account, by whatever name a client calls it.
    pub(super) fn own_name(&self, name: &str) -> String {
        let name = self.faults.aliases.get(name).map_or(name, String::as_str);
        let folded = |own: &&String| self.faults.folds_case && own.eq_ignore_ascii_case(name);
        self.folders.keys().find(folded).map_or_else(|| name.to_owned(), Clone::clone)
    }

    /// A folder, created if it is not there.
    pub fn folder(&mut self, name: &str) -> &mut Folder {
        self.folders.entry(name.to_owned()).or_default()
    }
}
