//! The server's account: folders with mails, whose UIDs, UIDVALIDITY and UIDNEXT a test may change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

/// One mail in a folder.
#[derive(Debug, Clone)]
pub struct Message {
    /// The UID of the mail.
    pub uid: u32,
    /// The raw mail.
    pub bytes: Vec<u8>,
    /// INTERNALDATE, in UTC.
    pub date: DateTime,
    /// Flags and keywords.
    pub flags: BTreeSet<String>,
}

/// A folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// UID of the next mail.
    pub uidnext: u32,
    /// Mails, ascending by UID.
    pub messages: Vec<Message>,
    /// A special-use attribute such as `\Trash` (RFC 6154).
    pub special_use: Option<String>,
    /// Number of mails ever appended.
    pub appended: u32,
}

impl Default for Folder {
    fn default() -> Self {
        Self { uidvalidity: 17, uidnext: 1, messages: Vec::new(), special_use: None, appended: 0 }
    }
}

impl Folder {
    /// Appends a mail, dated a minute after the previous one, and returns its UID.
    pub fn append(&mut self, bytes: impl Into<Vec<u8>>) -> u32 {
        let date = date(2026, 3, 3).at(8, 30, 0, 0) + SignedDuration::from_mins(self.appended.into());
        self.append_at(bytes, date)
    }

    /// Appends a mail with this date, and returns its UID.
    pub fn append_at(&mut self, bytes: impl Into<Vec<u8>>, date: DateTime) -> u32 {
        let uid = self.uidnext;
        self.appended += 1;
        self.uidnext = self.uidnext.saturating_add(1);
        self.messages.push(Message { uid, bytes: bytes.into(), date, flags: BTreeSet::new() });
        uid
    }

    /// Finds a mail by UID.
    pub fn message(&self, uid: u32) -> Option<&Message> {
        self.messages.iter().find(|message| message.uid == uid)
    }

    /// Removes mails. With the fault `removed_mail_returns` they come back under new UIDs.
    pub(super) fn take(&mut self, is_taken: impl Fn(&Message) -> bool, faults: &super::Faults) {
        let (taken, kept) = std::mem::take(&mut self.messages).into_iter().partition(is_taken);
        self.messages = kept;
        for message in taken.into_iter().filter(|_: &Message| faults.removed_mail_returns) {
            let mut bytes = message.bytes;
            if faults.removed_mail_returns_changed {
                bytes.extend_from_slice(b"Scanned.\r\n");
            }
            self.append_at(bytes, message.date);
        }
    }

    /// Removes a mail permanently.
    pub fn expunge(&mut self, uid: u32) {
        self.messages.retain(|message| message.uid != uid);
    }

    /// Simulates a migration: new UIDVALIDITY, mails renumbered from 1.
    pub fn renumber(&mut self, uidvalidity: u32) {
        self.uidvalidity = uidvalidity;
        self.uidnext = 1;
        for message in &mut self.messages {
            message.uid = self.uidnext;
            self.uidnext += 1;
        }
    }

    /// Simulates a restored backup under the same UIDVALIDITY: mails with this UID or a higher one are gone, and their
    /// UIDs will be reused.
    pub fn rewind(&mut self, uidnext: u32) {
        self.messages.retain(|message| message.uid < uidnext);
        self.uidnext = uidnext;
    }
}

/// A mail account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Folders by name. INBOX always exists.
    pub folders: BTreeMap<String, Folder>,
    /// The server's misbehaviour.
    pub faults: super::Faults,
    /// All command lines of all clients, without tags; a login is recorded by its verb only.
    pub commands: Vec<String>,
    /// Number of logins so far.
    pub logins: u32,
    /// The access tokens that are accepted, with XOAUTH2 as the only login; `None` if any login succeeds.
    pub tokens: Option<Tokens>,
}

/// A predicate for accepted access tokens.
#[derive(Clone)]
pub struct Tokens(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl Tokens {
    /// Accepts tokens for which the predicate is true at the time of the login.
    pub fn accept_if(open: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    pub(super) fn accepts(&self, token: &str) -> bool {
        (self.0)(token)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Account {
    /// An account with these mails in INBOX.
    pub fn with_mails<B: Into<Vec<u8>>>(mails: impl IntoIterator<Item = B>) -> Self {
        let mut account = Self::default();
        for mail in mails {
            account.inbox().append(mail);
        }
        account
    }

    /// The folder INBOX.
    pub fn inbox(&mut self) -> &mut Folder {
        self.folder("INBOX")
    }

    /// The folder's own name for a name that a client uses.
    pub(super) fn own_name(&self, name: &str) -> String {
        let name = self.faults.aliases.get(name).map_or(name, String::as_str);
        let folded = |own: &&String| self.faults.folds_case && own.eq_ignore_ascii_case(name);
        self.folders.keys().find(folded).map_or_else(|| name.to_owned(), Clone::clone)
    }

    /// A folder, created if missing.
    pub fn folder(&mut self, name: &str) -> &mut Folder {
        self.folders.entry(name.to_owned()).or_default()
    }
}
