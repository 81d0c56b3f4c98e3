//! LIST (RFC 3501 6.3.8, RFC 6154): the folders of an account, and their purposes.

use std::collections::BTreeMap;

use imap_proto::{MailboxDatum, NameAttribute, Response};
use serde::Serialize;

use super::folder_name::{decode, unescaped};
use super::{ImapError, Session};

/// The purpose of a folder (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpecialUse {
    /// All mail of the account, as on Gmail.
    All,
    Archive,
    Drafts,
    Flagged,
    Junk,
    Sent,
    Trash,
}

impl SpecialUse {
    /// The name in JSON and in the language files.
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
pub struct ListedFolder {
    /// The name, decoded from modified UTF-7.
    pub name: String,
    /// The purpose, if the server announces it.
    pub special_use: Option<SpecialUse>,
    /// Whether the folder can be opened.
    pub selectable: bool,
}

/// Maximum number of folders per account.
const MAX_FOLDERS: usize = 20_000;
/// Maximum length of a folder name on the wire, in bytes. Servers and file systems allow 255, or a little more for a
/// path.
const MAX_NAME_BYTES: usize = 1000;
/// Maximum size of the answer to one LIST, in bytes.
const MAX_LIST_BYTES: u64 = 4 << 20;

impl Session {
    /// Lists all folders, sorted by name.
    pub async fn folders(&mut self) -> Result<Vec<ListedFolder>, ImapError> {
        let mut folders = BTreeMap::new();
        self.list("LIST \"\" \"*\"", |attributes, name| add_folder(&mut folders, attributes, name)).await?;
        // Many servers send the purposes unasked. ProtonMail answers BAD to a request for them (reference row D14).
        let has_purposes = folders.values().any(|kind| kind.special_use.is_some());
        if !has_purposes && self.can("SPECIAL-USE") && self.can("LIST-EXTENDED") {
            let mut purposes = Vec::new();
            let line = "LIST \"\" \"*\" RETURN (SPECIAL-USE)";
            let on = |attributes: &[NameAttribute<'_>], name: String| {
                let special_use = attributes.iter().find_map(special_use);
                purposes
                    .extend(special_use.filter(|_| folders.contains_key(&name)).map(|special_use| (name, special_use)));
                Ok(())
            };
            match self.list(line, on).await {
                Ok(()) => {}
                Err(ImapError::Refused { .. }) => purposes.clear(),
                Err(error) => return Err(error),
            }
            for (name, special_use) in purposes {
                if let Some(kind) = folders.get_mut(&name) {
                    kind.special_use = kind.special_use.or(Some(special_use));
                }
            }
        }
        let listed = |(name, FolderKind { special_use, selectable })| ListedFolder { name, special_use, selectable };
        Ok(folders.into_iter().map(listed).collect())
    }

    /// The folder for deleted mail (`\Trash`, RFC 6154), if the server announces it.
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

    /// Sends this LIST command, and calls `on` with the attributes and the decoded name of every listed folder.
    async fn list(
        &mut self,
        line: &str,
        mut on: impl FnMut(&[NameAttribute<'_>], String) -> Result<(), ImapError>,
    ) -> Result<(), ImapError> {
        let most = MAX_LIST_BYTES.min(self.limits.answer);
        let answer = self
            .run_within(most, "LIST", line, |response| match response {
                Response::MailboxData(MailboxDatum::List(folder)) if folder.name.len() > MAX_NAME_BYTES => {
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

/// The listed attributes of a folder.
struct FolderKind {
    special_use: Option<SpecialUse>,
    selectable: bool,
}

/// Adds a listed folder, once per name.
fn add_folder(
    folders: &mut BTreeMap<String, FolderKind>,
    attributes: &[NameAttribute<'_>],
    name: String,
) -> Result<(), ImapError> {
    if name.chars().any(char::is_control) {
        return Ok(()); // no setting can contain such a name
    }
    if folders.len() == MAX_FOLDERS && !folders.contains_key(&name) {
        return Err(ImapError::Limit(format!("more than {MAX_FOLDERS} folders")));
    }
    let cannot_be_opened = |attribute: &NameAttribute<'_>| match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(other) => other.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    };
    let selectable = !attributes.iter().any(cannot_be_opened);
    let special_use = attributes.iter().find_map(special_use);
    // Some servers list a folder under two roots. The folder can be opened if one of the entries can.
    let known = folders.entry(name).or_insert(FolderKind { special_use, selectable });
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
