//! LIST (RFC 3501 6.3.8, RFC 6154): the folders of an account, and what they are for.

use std::collections::BTreeMap;

use imap_proto::{MailboxDatum, NameAttribute, Response};
use serde::Serialize;

use super::folder_name::{decode, unescaped};
use super::{ImapError, Session};

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

/// Folders of one account.
const MOST_FOLDERS: usize = 20_000;
/// Bytes of a folder's name on the wire. Servers and file systems allow 255, or a little more for a path.
const LONGEST_NAME: usize = 1000;
/// Bytes of all folders' names and attributes, in the answers to one LIST.
const LONGEST_LIST: u64 = 4 << 20;

impl Session {
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
        let most = LONGEST_LIST.min(self.limits.answer);
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
