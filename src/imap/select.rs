//! Opening folders, listing them, and finding UIDs in the open one.

use std::collections::BTreeMap;

use imap_proto::{AttributeValue, MailboxDatum, NameAttribute, Response, ResponseCode, StatusAttribute};

use serde::Serialize;

use super::folder_name::{decode, encode, quoted, unescaped};
use super::{ImapError, Session};

/// The open folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// RFC 3501 2.3.1.1; `None` where the server gave none, or 0.
    pub uidvalidity: Option<u32>,
    /// The UID that the next mail will have; `None` where the server gave none, or 0.
    pub uidnext: Option<u32>,
    /// How many mails there are.
    pub exists: u32,
    /// The server says that nothing can be changed.
    pub read_only: bool,
    /// Flags that can be kept; `None`: all that exist (RFC 3501 7.1).
    pub permanent_flags: Option<Vec<String>>,
}

/// What a folder is for (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpecialUse {
    /// Every mail of the account, as Gmail has it.
    All,
    Archive,
    Drafts,
    Flagged,
    Junk,
    Sent,
    Trash,
}

impl SpecialUse {
    /// Its name, as in JSON and in the language files.
    pub fn id(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Archive => "archive",
            Self::Drafts => "drafts",
            Self::Flagged => "flagged",
            Self::Junk => "junk",
            Self::Sent => "sent",
            Self::Trash => "trash",
        }
    }
}

/// A folder of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name as people read it.
    pub name: String,
    /// What it is for, if the server tells.
    pub special_use: Option<SpecialUse>,
    /// Whether it can be opened.
    pub selectable: bool,
}

/// A form in which a server is asked for the UIDs of the open folder. Servers misread single forms: GNU Mailutils' imap4d answers
/// `UID SEARCH UID 1:*` with nothing, and the other forms rightly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListForm {
    /// `UID SEARCH UID n:*`.
    #[default]
    Star,
    /// `UID SEARCH UID n:4294967295`.
    Largest,
    /// `UID SEARCH 1:*`, which names all messages; UIDs outside of the range are dropped.
    Everything,
    /// `UID SEARCH ALL`, likewise.
    All,
    /// `UID FETCH n:* (UID)`.
    Fetch,
}

impl ListForm {
    /// All forms, in the order in which they are tried.
    pub const ALL: [Self; 5] = [Self::Star, Self::Largest, Self::Everything, Self::All, Self::Fetch];

    /// The name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Star => "star",
            Self::Largest => "largest",
            Self::Everything => "everything",
            Self::All => "all",
            Self::Fetch => "fetch",
        }
    }

    /// The form of this name; the usual one for a name that is not known.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|form| form.as_str() == name).unwrap_or_default()
    }

    /// Whether the answer names every message of the folder, whatever range is wanted.
    pub fn names_all(self) -> bool {
        matches!(self, Self::Everything | Self::All)
    }

    /// Whether a range without an end that is asked for in this form names the last message in any case (RFC 3501 6.4.8).
    pub fn names_the_last(self) -> bool {
        self != Self::Largest
    }
}

/// The answer to a question for UIDs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The UIDs in the range, ascending. `None` where the server said OK and nothing else: that may mean "none", and must decide
    /// nothing.
    pub uids: Option<Vec<u32>>,
    /// The highest UID that the answer named, in the range or not.
    pub highest: Option<u32>,
}

/// The numbers of a folder that is not open (RFC 3501 6.3.10).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderStatus {
    /// MESSAGES.
    pub messages: Option<u32>,
    /// UIDVALIDITY; `None` also for 0.
    pub uidvalidity: Option<u32>,
    /// UIDNEXT; `None` also for 0.
    pub uidnext: Option<u32>,
}

/// UIDs that are kept of one SEARCH: it is asked for at most 80,000, and each costs some 50 bytes on its way.
const MOST_FOUND: usize = 200_000;
/// Folders of one account.
const MOST_FOLDERS: usize = 20_000;
/// Bytes of a folder's name on the wire. Servers and file systems allow 255, or a little more for a path.
const LONGEST_NAME: usize = 1000;
/// Bytes of all folders' names and attributes, in the answers to one LIST.
const LONGEST_LIST: u64 = 4 << 20;

impl Session {
    /// Opens a folder: read-only by EXAMINE, so that the server itself forbids a change, or for changes by SELECT.
    pub async fn select(&mut self, folder: &str, read_only: bool) -> Result<Selected, ImapError> {
        let name = if read_only { "EXAMINE" } else { "SELECT" };
        let line = format!("{name} {}", quoted(&encode(folder)));
        let mut found = Selected { read_only, ..Selected::default() };
        let mut counted = false;
        let answer = self
            .run(name, &line, |response| {
                match response {
                    Response::MailboxData(MailboxDatum::Exists(count)) => (found.exists, counted) = (*count, true),
                    Response::Data { status: imap_proto::Status::Ok, outcome } => match &outcome.code {
                        Some(ResponseCode::UidValidity(number)) => found.uidvalidity = Some(*number).filter(|n| *n > 0),
                        Some(ResponseCode::UidNext(number)) => found.uidnext = Some(*number).filter(|n| *n > 0),
                        Some(ResponseCode::ReadOnly) => found.read_only = true,
                        Some(ResponseCode::PermanentFlags(flags)) => {
                            found.permanent_flags = Some(flags.iter().map(|flag| flag.to_string()).collect());
                        }
                        _ => {}
                    },
                    _ => {}
                }
                Ok(())
            })
            .await?;
        found.read_only |= answer.ok(name)?.read_only;
        if !counted {
            // Taken for "none", it would look like an empty folder.
            return Err(ImapError::Protocol("it does not say how many mails the folder has".to_owned()));
        }
        self.exists = found.exists;
        Ok(found)
    }

    /// The UIDs from `first` to `last` that exist and match `also` (a search key, or empty), asked for in this form.
    ///
    /// A range that ends with a star names the last mail in any case (RFC 3501 6.4.8), so UIDs outside of the range are dropped.
    pub async fn search(&mut self, first: u32, last: u32, also: &str, form: ListForm) -> Result<Found, ImapError> {
        if form == ListForm::Fetch {
            return self.fetch_uids(first, last).await;
        }
        // Some servers count in signed numbers; all understand a star.
        let end = match last {
            u32::MAX if form == ListForm::Star => "*".to_owned(),
            last => last.to_string(),
        };
        let set = match form {
            ListForm::All => "ALL".to_owned(),
            ListForm::Everything => "1:*".to_owned(),
            _ => format!("UID {first}:{end}"),
        };
        let line = format!("UID SEARCH {set}{}{also}", if also.is_empty() { "" } else { " " });
        let mut uids = Vec::new();
        let (mut told, mut highest) = (false, None);
        let answer = self
            .run("SEARCH", &line, |response| {
                if let Response::MailboxData(MailboxDatum::Search(found)) = response {
                    told = true;
                    highest = highest.max(found.iter().copied().max());
                    uids.extend(found.iter().copied().filter(|uid| (first..=last).contains(uid)));
                    if uids.len() > MOST_FOUND {
                        return Err(ImapError::Limit(format!("more than {MOST_FOUND} UIDs in one SEARCH")));
                    }
                }
                Ok(())
            })
            .await?;
        answer.ok("SEARCH")?;
        uids.sort_unstable();
        uids.dedup();
        Ok(Found { uids: told.then_some(uids), highest })
    }

    /// The UIDs in a range by FETCH. Where no line comes there is none.
    async fn fetch_uids(&mut self, first: u32, last: u32) -> Result<Found, ImapError> {
        let end = if last == u32::MAX { "*".to_owned() } else { last.to_string() };
        let (mut uids, mut highest) = (Vec::new(), None);
        let answer = self
            .run("FETCH", &format!("UID FETCH {first}:{end} (UID)"), |response| {
                if let Response::Fetch(_, items) = response {
                    let named = items.iter().filter_map(|item| match item {
                        AttributeValue::Uid(uid) => Some(*uid),
                        _ => None,
                    });
                    for uid in named {
                        highest = highest.max(Some(uid));
                        uids.extend(Some(uid).filter(|uid| (first..=last).contains(uid)));
                    }
                    if uids.len() > MOST_FOUND {
                        return Err(ImapError::Limit(format!("more than {MOST_FOUND} UIDs in one FETCH")));
                    }
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        uids.sort_unstable();
        uids.dedup();
        Ok(Found { uids: Some(uids), highest })
    }

    /// Has the server tell what it held back, such as mails that are gone (RFC 3501 7.4.1).
    pub async fn noop(&mut self) -> Result<(), ImapError> {
        self.run("NOOP", "NOOP", |_| Ok(())).await.map(drop)
    }

    /// The highest UID in the open folder; `None` if it is empty. For servers that do not tell UIDNEXT.
    pub async fn highest_uid(&mut self) -> Result<Option<u32>, ImapError> {
        let mut highest = None;
        let answer = self
            .run("FETCH", "UID FETCH * (UID)", |response| {
                if let Response::Fetch(_, items) = response {
                    for item in items {
                        if let AttributeValue::Uid(uid) = item {
                            highest = highest.max(Some(*uid));
                        }
                    }
                }
                Ok(())
            })
            .await?;
        answer.ok("FETCH")?;
        Ok(highest)
    }

    /// All folders, by name.
    pub async fn folders(&mut self) -> Result<Vec<Listed>, ImapError> {
        let mut folders = BTreeMap::new();
        self.list("LIST \"\" \"*\"", |attributes, name| keep(&mut folders, attributes, name)).await?;
        // What they are for, many tell without being asked. ProtonMail answers BAD to the question (reference row D14).
        let told = folders.values().any(|kind| kind.special_use.is_some());
        if !told && self.can("SPECIAL-USE") && self.can("LIST-EXTENDED") {
            let mut asked = Vec::new();
            let line = "LIST \"\" \"*\" RETURN (SPECIAL-USE)";
            let on = |attributes: &[NameAttribute<'_>], name: String| {
                let special_use = attributes.iter().find_map(special_use);
                asked
                    .extend(special_use.filter(|_| folders.contains_key(&name)).map(|special_use| (name, special_use)));
                Ok(())
            };
            match self.list(line, on).await {
                Ok(()) => {}
                Err(ImapError::Refused { .. }) => asked.clear(),
                Err(error) => return Err(error),
            }
            for (name, special_use) in asked {
                if let Some(kind) = folders.get_mut(&name) {
                    kind.special_use = kind.special_use.or(Some(special_use));
                }
            }
        }
        let listed = |(name, Kind { special_use, selectable })| Listed { name, special_use, selectable };
        Ok(folders.into_iter().map(listed).collect())
    }

    /// The folder for deleted mail (`\Trash`, RFC 6154), if the server tells.
    pub async fn trash_folder(&mut self) -> Result<Option<String>, ImapError> {
        let mut trash = None;
        self.list("LIST \"\" \"*\"", |attributes, name| {
            if attributes.contains(&NameAttribute::Trash) {
                trash = Some(name);
            }
            Ok(())
        })
        .await?;
        Ok(trash)
    }

    /// Shows every folder, its name as people read it.
    async fn list(
        &mut self,
        line: &str,
        mut on: impl FnMut(&[NameAttribute<'_>], String) -> Result<(), ImapError>,
    ) -> Result<(), ImapError> {
        let most = LONGEST_LIST.min(self.limits.answer_bytes.0);
        let answer = self
            .run_within(most, "LIST", line, |response| match response {
                Response::MailboxData(MailboxDatum::List(folder)) if folder.name.len() > LONGEST_NAME => {
                    let bytes = folder.name.len();
                    Err(ImapError::Protocol(format!("it lists a folder whose name has {bytes} bytes")))
                }
                Response::MailboxData(MailboxDatum::List(folder)) => {
                    on(&folder.name_attributes, decode(&unescaped(&folder.name)))
                }
                _ => Ok(()),
            })
            .await?;
        answer.ok("LIST").map(drop)
    }

    /// How many mails a folder has; `None` if the server will not say.
    pub async fn message_count(&mut self, folder: &str) -> Result<Option<u32>, ImapError> {
        Ok(self.status(folder, "MESSAGES").await?.messages)
    }

    /// MESSAGES, UIDNEXT and UIDVALIDITY of a folder; those that the server does not tell are missing.
    pub async fn numbers_of(&mut self, folder: &str) -> Result<FolderStatus, ImapError> {
        self.status(folder, "MESSAGES UIDNEXT UIDVALIDITY").await
    }

    /// Numbers of a folder; a refusal is no error.
    async fn status(&mut self, folder: &str, items: &str) -> Result<FolderStatus, ImapError> {
        let line = format!("STATUS {} ({items})", quoted(&encode(folder)));
        let mut found = FolderStatus::default();
        self.run("STATUS", &line, |response| {
            if let Response::MailboxData(MailboxDatum::Status { status, .. }) = response {
                for item in status {
                    match item {
                        StatusAttribute::Messages(count) => found.messages = Some(*count),
                        StatusAttribute::UidNext(number) => found.uidnext = Some(*number).filter(|n| *n > 0),
                        StatusAttribute::UidValidity(number) => found.uidvalidity = Some(*number).filter(|n| *n > 0),
                        _ => {}
                    }
                }
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }
}

/// What is listed of a folder besides its name.
struct Kind {
    special_use: Option<SpecialUse>,
    selectable: bool,
}

/// Keeps what is listed, each name once.
fn keep(folders: &mut BTreeMap<String, Kind>, attributes: &[NameAttribute<'_>], name: String) -> Result<(), ImapError> {
    if name.chars().any(char::is_control) {
        return Ok(()); // no wish can name it
    }
    if folders.len() == MOST_FOLDERS && !folders.contains_key(&name) {
        return Err(ImapError::Limit(format!("more than {MOST_FOLDERS} folders")));
    }
    let cannot_be_opened = |attribute: &NameAttribute<'_>| match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(other) => other.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    };
    let selectable = !attributes.iter().any(cannot_be_opened);
    let special_use = attributes.iter().find_map(special_use);
    // Listed twice, as by servers that have it under two roots, it can be opened if it can once.
    let known = folders.entry(name).or_insert(Kind { special_use, selectable });
    known.selectable |= selectable;
    known.special_use = known.special_use.or(special_use);
    Ok(())
}

fn special_use(attribute: &NameAttribute<'_>) -> Option<SpecialUse> {
    match attribute {
        NameAttribute::All => Some(SpecialUse::All),
        NameAttribute::Archive => Some(SpecialUse::Archive),
        NameAttribute::Drafts => Some(SpecialUse::Drafts),
        NameAttribute::Flagged => Some(SpecialUse::Flagged),
        NameAttribute::Junk => Some(SpecialUse::Junk),
        NameAttribute::Sent => Some(SpecialUse::Sent),
        NameAttribute::Trash => Some(SpecialUse::Trash),
        _ => None,
    }
}
