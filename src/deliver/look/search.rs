//! Finds a mail in the recipient's mailbox by its id.

use super::{FOLDER, not_searchable};
use crate::clock::Timestamp;
use crate::deliver::trace;
use crate::fact::DeliveryProblem;
use crate::imap::folder_name::quoted;
use crate::imap::{ImapError, ListForm, Session, UidSet, day_before};
use crate::mail::fields::fields;

/// Maximum number of mails whose field is read, newest first, if the server's SEARCH does not find the mail.
const MAX_READ: usize = 10_000;
/// Number of mails in one FETCH.
const FETCH_SIZE: usize = 200;
/// Bytes of an id that are compared.
const MAX_ID: usize = 200;

/// Finds the mail with this id among the mails that arrived since its import. Some servers cannot search the field with the
/// id, so if SEARCH finds nothing, this field of each mail is read. `None`: the field of every mail was read, and none has
/// the id.
///
/// # Errors
/// It is unknown whether the mail is there.
pub async fn find(
    session: &mut Session,
    message: &str,
    imported_at: Timestamp,
) -> Result<Option<u32>, DeliveryProblem> {
    session.select(FOLDER, true).await.map_err(not_searchable)?;
    let since = format!("SINCE {}", day_before(imported_at));
    let by_field = format!("{since} HEADER {} {}", trace::MESSAGE_FIELD, quoted(message));
    let named = match session.search(1, u32::MAX, &by_field, ListForm::All).await {
        Ok(named) => named.uids.unwrap_or_default(),
        Err(ImapError::Refused { .. }) => Vec::new(),
        Err(error) => return Err(not_searchable(error)),
    };
    if let Some(uid) = Search::default().find_by_id(session, &named, message).await? {
        return Ok(Some(uid));
    }
    let mut search = Search::default();
    let mut all = search.list(session, &since).await?;
    all.retain(|uid| named.binary_search(uid).is_err());
    let (unread, newest) = all.split_at(all.len().saturating_sub(MAX_READ));
    search.is_incomplete |= !unread.is_empty();
    match search.find_by_id(session, newest, message).await? {
        None if search.is_incomplete => {
            Err(not_searchable("the server does not list all mails that have arrived since"))
        }
        found => Ok(found),
    }
}

/// Lists and reads mails, and notes whether any mail is left out.
#[derive(Default)]
struct Search {
    /// Whether a mail was not listed or not read, so that the id may still be in the mailbox.
    is_incomplete: bool,
}

impl Search {
    /// The UIDs of the mails that match `since`, a search key such as `SINCE 13-Jan-2027`. If the server answers OK
    /// without a SEARCH response, which says nothing, FETCH lists the UIDs of all mails instead.
    async fn list(&mut self, session: &mut Session, since: &str) -> Result<Vec<u32>, DeliveryProblem> {
        let mut listed = session.search(1, u32::MAX, since, ListForm::All).await.map_err(not_searchable)?.uids;
        if listed.is_none() && session.exists() > 0 {
            listed = session.search(1, u32::MAX, "", ListForm::Fetch).await.map_err(not_searchable)?.uids;
        }
        self.is_incomplete |= session.was_partial();
        Ok(listed.unwrap_or_default())
    }

    /// The UID of the mail among these whose field is exactly this id. SEARCH matches substrings, so it also finds other mails.
    async fn find_by_id(
        &mut self,
        session: &mut Session,
        uids: &[u32],
        message: &str,
    ) -> Result<Option<u32>, DeliveryProblem> {
        for set in UidSet::split(uids, FETCH_SIZE).into_iter().rev() {
            let read = session.fetch_field(&set, trace::MESSAGE_FIELD).await.map_err(not_searchable)?;
            self.is_incomplete |= read.len() < set.uids.len() || session.was_partial();
            if let Some(found) = read.into_iter().find(|sample| has_id(&sample.header, message)) {
                return Ok(Some(found.uid));
            }
        }
        Ok(None)
    }
}

/// Whether the topmost field with an id has exactly this id. A lower one belongs to the author's mail.
fn has_id(header: &[u8], message: &str) -> bool {
    let first = fields(header).find(|field| field.is(trace::MESSAGE_FIELD));
    first.is_some_and(|field| field.unfolded(MAX_ID) == message)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    use super::*;

    #[test]
    fn an_id_is_compared_as_a_whole() {
        assert!(has_id(b"X-Mailferry-Message: a1-m7\r\n\r\n", "a1-m7"));
        assert!(has_id(b"X-Mailferry-Message:\r\n\ta1-m7\r\nX-Mailferry-Message: b2-m9\r\n\r\n", "a1-m7"));
        // The author has written the lower field.
        assert!(!has_id(b"X-Mailferry-Message: b2-m9\r\nX-Mailferry-Message: a1-m7\r\n\r\n", "a1-m7"));
        assert!(!has_id(b"X-Mailferry-Message: a1-m71\r\n\r\n", "a1-m7"));
        assert!(!has_id(b"X-Mailferry-Message: 0a1-m7\r\n\r\n", "a1-m7"));
        assert!(!has_id(b"\r\n", "a1-m7"));
    }

    /// The answers of a server with the mails 4, 5 and 6, of which the last has the id `a1-m7`.
    #[derive(Clone, Copy)]
    struct Server {
        /// The answer to the search by field; empty: NO.
        by_field: &'static str,
        /// The answer to the search by date.
        by_date: &'static str,
        /// The mails that FETCH returns: UID, and value of the field.
        fetched: &'static [(u32, &'static str)],
    }

    const SERVER: Server = Server {
        by_field: "* SEARCH 6\r\n",
        by_date: "* SEARCH 4 5 6\r\n",
        fetched: &[(4, "a1-m71"), (5, "b2-m7"), (6, "a1-m7")],
    };

    /// Searches for `a1-m7`; returns the commands too.
    async fn find_on(server: Server) -> (Result<Option<u32>, DeliveryProblem>, Vec<String>) {
        let (stream, client) = tokio::io::duplex(1 << 14);
        let served = tokio::spawn(async move {
            let (read, mut write) = tokio::io::split(stream);
            let (mut lines, mut commands) = (BufReader::new(read).lines(), Vec::new());
            while let Ok(Some(line)) = lines.next_line().await {
                let (tag, command) = line.split_once(' ').unwrap();
                let (untagged, status) = match command {
                    _ if command.starts_with("EXAMINE") => ("* 3 EXISTS\r\n".to_owned(), "OK done"),
                    _ if command.contains("HEADER ") && server.by_field.is_empty() => {
                        (String::new(), "NO unknown field")
                    }
                    _ if command.contains("HEADER ") => (server.by_field.to_owned(), "OK done"),
                    _ if command.starts_with("UID SEARCH") => (server.by_date.to_owned(), "OK done"),
                    _ => (server.fetched.iter().map(|(uid, id)| field(command, *uid, id)).collect(), "OK done"),
                };
                write.write_all(format!("{untagged}{tag} {status}\r\n").as_bytes()).await.unwrap();
                commands.push(command.to_owned());
            }
            commands
        });
        let config = crate::config::load(&crate::config::Overrides::default()).unwrap();
        let terms = crate::wiring::terms(&config.deadlines, &config.limits, 1);
        let mut session = Session::greeted(Box::new(client), &terms);
        let found = find(&mut session, "a1-m7", Timestamp(1_800_000_000_000)).await;
        drop(session);
        (found, served.await.unwrap())
    }

    /// The answer to a FETCH of the UID, or of a field.
    fn field(command: &str, uid: u32, id: &str) -> String {
        let Some((_, section)) = command.split_once(".PEEK") else {
            return format!("* {} FETCH (UID {uid})\r\n", uid - 3);
        };
        let section = section.strip_suffix(')').unwrap();
        let field = format!("X-Mailferry-Message: {id}\r\n\r\n");
        format!("* {} FETCH (UID {uid} BODY{section} {{{}}}\r\n{field})\r\n", uid - 3, field.len())
    }

    #[tokio::test]
    async fn a_search_that_misses_the_mail_is_followed_by_reading_the_fields() {
        let since = "SINCE 13-Jan-2027";
        for by_field in ["* SEARCH 6\r\n", "* SEARCH 4 6\r\n", "* SEARCH 4\r\n", "* SEARCH\r\n", ""] {
            let (found, commands) = find_on(Server { by_field, ..SERVER }).await;
            assert_eq!(found, Ok(Some(6)), "{by_field}");
            let expected = format!("UID SEARCH ALL {since} HEADER X-Mailferry-Message \"a1-m7\"");
            assert!(commands.contains(&expected), "{commands:?}");
            let reads_all = commands.contains(&format!("UID SEARCH ALL {since}"));
            assert_eq!(reads_all, !by_field.contains('6'), "{by_field}: {commands:?}");
        }
    }

    #[tokio::test]
    async fn a_mail_is_missing_only_if_every_mail_was_read() {
        let nothing_by_field = Server { by_field: "* SEARCH\r\n", ..SERVER };
        let others: &[(u32, &str)] = &[(4, "a1-m71"), (5, "b2-m7"), (6, "b2-m8")];
        assert_eq!(find_on(Server { fetched: others, ..nothing_by_field }).await.0, Ok(None));
        assert_eq!(find_on(Server { by_date: "* SEARCH\r\n", ..nothing_by_field }).await.0, Ok(None));
        // A server that answers no SEARCH is asked by FETCH.
        assert_eq!(find_on(Server { by_date: "", ..nothing_by_field }).await.0, Ok(Some(6)));
        let left_out = find_on(Server { fetched: &others[..2], ..nothing_by_field }).await.0;
        assert!(matches!(left_out, Err(DeliveryProblem::MailboxClosed { .. })), "{left_out:?}");
    }
}
