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

/// UIDs that one SEARCH may list; it is asked for far fewer.
const MOST_FOUND: usize = 2_000_000;
/// Folders of one account.
const MOST_FOLDERS: usize = 20_000;

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
        self.selected = Some(found.clone());
        Ok(found)
    }

    /// The UIDs from `first` to `last` that exist and match `also` (a search key, or empty), ascending.
    ///
    /// `None` where the server said OK and nothing else: that may mean "none", and must decide nothing.
    ///
    /// A range that ends with a star names the last mail in any case (RFC 3501 6.4.8), so what is outside is dropped.
    pub async fn search(&mut self, first: u32, last: u32, also: &str) -> Result<Option<Vec<u32>>, ImapError> {
        // Servers count in signed numbers, some of them; a star is understood by all.
        let end = if last == u32::MAX { "*".to_owned() } else { last.to_string() };
        let line = format!("UID SEARCH UID {first}:{end}{}{also}", if also.is_empty() { "" } else { " " });
        let mut uids = Vec::new();
        let mut told = false;
        let answer = self
            .run("SEARCH", &line, |response| {
                if let Response::MailboxData(MailboxDatum::Search(found)) = response {
                    told = true;
                    if found.len() > MOST_FOUND - uids.len() {
                        return Err(ImapError::Limit(format!("more than {MOST_FOUND} UIDs in one SEARCH")));
                    }
                    uids.extend(found.iter().copied().filter(|uid| (first..=last).contains(uid)));
                }
                Ok(())
            })
            .await?;
        answer.ok("SEARCH")?;
        uids.sort_unstable();
        uids.dedup();
        Ok(told.then_some(uids))
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
        let told = folders.values().any(|folder| folder.special_use.is_some());
        if !told && self.can("SPECIAL-USE") && self.can("LIST-EXTENDED") {
            let mut asked = BTreeMap::new();
            let line = "LIST \"\" \"*\" RETURN (SPECIAL-USE)";
            match self.list(line, |attributes, name| keep(&mut asked, attributes, name)).await {
                Ok(()) => {}
                Err(ImapError::Refused { .. }) => asked.clear(),
                Err(error) => return Err(error),
            }
            for (name, folder) in &mut folders {
                folder.special_use = asked.get(name).and_then(|asked| asked.special_use);
            }
        }
        Ok(folders.into_values().collect())
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
        let answer = self
            .run("LIST", line, |response| match response {
                Response::MailboxData(MailboxDatum::List(folder)) => {
                    on(&folder.name_attributes, decode(&unescaped(&folder.name)))
                }
                _ => Ok(()),
            })
            .await?;
        answer.ok("LIST").map(drop)
    }

    /// The UIDNEXT of a folder that is not open; `None` if it is not there, or the server does not say.
    pub async fn uidnext_of(&mut self, folder: &str) -> Result<Option<u32>, ImapError> {
        let uidnext = self.status(folder, "UIDNEXT", |item| match item {
            StatusAttribute::UidNext(number) => Some(*number),
            _ => None,
        });
        Ok(uidnext.await?.filter(|number| *number > 0))
    }

    /// How many mails a folder has; `None` if the server will not say.
    pub async fn message_count(&mut self, folder: &str) -> Result<Option<u32>, ImapError> {
        let count = self.status(folder, "MESSAGES", |item| match item {
            StatusAttribute::Messages(number) => Some(*number),
            _ => None,
        });
        count.await
    }

    /// One number about a folder that is not open; a refusal is no error.
    async fn status(
        &mut self,
        folder: &str,
        item: &str,
        number: fn(&StatusAttribute) -> Option<u32>,
    ) -> Result<Option<u32>, ImapError> {
        let line = format!("STATUS {} ({item})", quoted(&encode(folder)));
        let mut found = None;
        self.run("STATUS", &line, |response| {
            if let Response::MailboxData(MailboxDatum::Status { status, .. }) = response {
                found = status.iter().find_map(number).or(found);
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }
}

/// Keeps what is listed, each name once.
fn keep(
    folders: &mut BTreeMap<String, Listed>,
    attributes: &[NameAttribute<'_>],
    name: String,
) -> Result<(), ImapError> {
    if folders.len() == MOST_FOLDERS && !folders.contains_key(&name) {
        return Err(ImapError::Limit(format!("more than {MOST_FOLDERS} folders")));
    }
    let cannot_be_opened = |attribute: &NameAttribute<'_>| match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(other) => other.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    };
    let listed = Listed {
        special_use: attributes.iter().find_map(special_use),
        selectable: !attributes.iter().any(cannot_be_opened),
        name,
    };
    // Listed twice, as by servers that have it under two roots, it can be opened if it can once.
    let known = folders.entry(listed.name.clone()).or_insert_with(|| listed.clone());
    known.selectable |= listed.selectable;
    known.special_use = known.special_use.or(listed.special_use);
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
