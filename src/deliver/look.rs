//! Searches the recipient's mailbox for a mail whose answer was lost, to find out whether the target has delivered it.

use std::time::Duration;

use tokio::time::timeout;

use super::deps::DeliverDeps;
use super::endpoint::trust;
use super::refused::refused;
use super::retry::FailedAttempt;
use super::trace;
use super::verdict::{Action, Scope, Verdict};
use crate::clock::Timestamp;
use crate::fact::DeliveryProblem;
use crate::imap::folder_name::quoted;
use crate::imap::{ImapError, ListForm, Session, UidSet, starttls};
use crate::store::{DeliveryTarget, LaneLease, OpenDelivery};
use crate::target::{MailboxUrl, TargetTls, WhenUnknown};
use crate::tls;

/// Maximum time to open a mailbox and search it for one mail.
const TIME_LIMIT: Duration = Duration::from_mins(2);
/// The folder that is searched: mail servers deliver into it.
const FOLDER: &str = "INBOX";
/// The search starts this long before the import of the mail, since SEARCH SINCE compares dates in the server's time zone.
const MARGIN: Duration = Duration::from_hours(48);
/// Maximum number of mails whose field is read, newest first, if the server's SEARCH does not find the mail.
const MAX_READ: usize = 2_000;
/// Number of mails in one FETCH.
const FETCH_SIZE: usize = 200;

/// The URL of a mail in a mailbox (RFC 5092).
pub type MailUrl = String;

/// Finds the mail if an earlier attempt, whose answer was lost, delivered it. `None` if it must be sent: no answer was lost, no
/// mailbox is set, or the mail is not there. The session is kept for the next mail.
pub async fn find_earlier_delivery(
    delivery: &OpenDelivery,
    kept: &mut Option<Session>,
    lease: &LaneLease,
    deps: &DeliverDeps,
) -> Result<Option<MailUrl>, FailedAttempt> {
    let target = &lease.target;
    let Some(url) = target.look_in.as_ref().filter(|_| delivery.unsure) else { return Ok(None) };
    let message = trace::message_id(&deps.installation, delivery.message_id);
    let found = timeout(TIME_LIMIT, search(kept, &message, delivery.imported_at, (target, deps))).await;
    match found.unwrap_or_else(|_| Err(not_searchable("the search took too long"))) {
        Ok(Some(uid)) => Ok(Some(format!("{url}/{FOLDER};UID={uid}"))),
        // A retry by hand resets the attempts: that mail is to be sent.
        Ok(None) if target.when_unknown == WhenUnknown::Hold && delivery.attempts > 0 => {
            Err(failed(DeliveryProblem::NotInMailbox, Action::Hold))
        }
        Ok(None) => Ok(None),
        Err(problem) => Err(failed(problem, Action::MaybeDelivered)),
    }
}

fn failed(problem: DeliveryProblem, action: Action) -> FailedAttempt {
    FailedAttempt { problem, verdict: Verdict { scope: Scope::Mail, action, first_wait: None }, retry_after: None }
}

fn not_searchable(why: impl ToString) -> DeliveryProblem {
    DeliveryProblem::MailboxClosed { words: why.to_string() }
}

async fn search(
    kept: &mut Option<Session>,
    message: &str,
    imported_at: Timestamp,
    (target, deps): (&DeliveryTarget, &DeliverDeps),
) -> Result<Option<u32>, DeliveryProblem> {
    let mut session = match kept.take() {
        Some(session) => session,
        None => log_in(target, deps).await?,
    };
    let found = find(&mut session, message, imported_at).await.map_err(not_searchable)?;
    *kept = Some(session);
    Ok(found)
}

/// Checks that the recipient's mailbox can be searched, if one is set.
pub async fn check(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<(), DeliveryProblem> {
    if target.look_in.is_some() {
        let mut session = log_in(target, deps).await?;
        session.select(FOLDER, true).await.map_err(not_searchable)?;
        session.logout().await;
    }
    Ok(())
}

async fn log_in(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Session, DeliveryProblem> {
    let url = target.look_in.as_deref().unwrap_or_default().parse::<MailboxUrl>();
    let url = url.map_err(|why| not_searchable(why.to_string()))?;
    let password = target.look_password(&deps.vault).map_err(|error| {
        tracing::error!(target = target.id, %error, "the password of a delivery target's mailbox cannot be opened");
        DeliveryProblem::NoSecret
    })?;
    let password = password.ok_or(DeliveryProblem::NoSecret)?;
    let mut session = connect(&url, target, deps).await?;
    session.login(target.look_username.as_deref().unwrap_or_default(), &password).await.map_err(not_searchable)?;
    Ok(session)
}

async fn connect(url: &MailboxUrl, target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Session, DeliveryProblem> {
    let egress = deps.egress_to(target);
    let mut addresses = egress.resolve(&url.host, url.port, &deps.deadlines).await.map_err(refused)?;
    if url.tls == TargetTls::None {
        // Without TLS, nothing may be sent to another machine.
        addresses.retain(|address| address.ip().to_canonical().is_loopback());
    }
    let mut stream = egress.connect(&url.host, &addresses, &deps.deadlines).await.map_err(refused)?;
    if url.tls == TargetTls::StartTls {
        starttls::negotiate(&mut stream, deps.imap.deadlines.greeting).await.map_err(not_searchable)?;
    }
    if url.tls == TargetTls::None {
        return read_greeting(Session::new(Box::new(stream), &deps.imap)).await;
    }
    let handshake = timeout(deps.deadlines.tls.0, tls::connect(stream, &url.host, &trust(target))).await;
    let handshake = handshake.map_err(|_| not_searchable("the TLS handshake took too long"))?;
    let (stream, _) = handshake.map_err(|why| DeliveryProblem::Tls { why })?;
    match url.tls {
        TargetTls::StartTls => Ok(Session::greeted(Box::new(stream), &deps.imap)),
        TargetTls::Implicit | TargetTls::None => read_greeting(Session::new(Box::new(stream), &deps.imap)).await,
    }
}

async fn read_greeting(mut session: Session) -> Result<Session, DeliveryProblem> {
    session.greeting().await.map_err(not_searchable)?;
    Ok(session)
}

/// Finds the mail with this id among the mails that arrived since its import. Some servers cannot search this field, so if SEARCH
/// finds nothing, the field of each mail is read.
async fn find(session: &mut Session, message: &str, imported_at: Timestamp) -> Result<Option<u32>, ImapError> {
    session.select(FOLDER, true).await?;
    let since = format!("SINCE {}", imported_at.minus(MARGIN).to_datetime().strftime("%-d-%b-%Y"));
    let by_field = format!("{since} HEADER {} {}", trace::MESSAGE_FIELD, quoted(message));
    let named = match session.search(1, u32::MAX, &by_field, ListForm::Star).await {
        Ok(named) => named.uids.unwrap_or_default(),
        Err(ImapError::Refused { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    // SEARCH matches substrings, so it also finds longer ids that contain this one.
    if let Some(uid) = find_by_id(session, &named, message).await? {
        return Ok(Some(uid));
    }
    let mut all = session.search(1, u32::MAX, &since, ListForm::Star).await?.uids.unwrap_or_default();
    all.retain(|uid| named.binary_search(uid).is_err());
    find_by_id(session, all.split_at(all.len().saturating_sub(MAX_READ)).1, message).await
}

/// The UID of the mail among these whose field is exactly this id.
async fn find_by_id(session: &mut Session, uids: &[u32], message: &str) -> Result<Option<u32>, ImapError> {
    for set in UidSet::split(uids, FETCH_SIZE).into_iter().rev() {
        let fields = session.fetch_field(&set, trace::MESSAGE_FIELD).await?;
        if let Some(found) = fields.into_iter().find(|sample| has_id(&sample.header, message)) {
            return Ok(Some(found.uid));
        }
    }
    Ok(None)
}

/// Whether the value of one of these fields is exactly this id.
fn has_id(fields: &[u8], message: &str) -> bool {
    let text = String::from_utf8_lossy(fields);
    text.lines().filter_map(|line| line.split_once(':')).any(|(_, id)| id.trim() == message)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    use super::*;

    #[test]
    fn an_id_is_compared_as_a_whole() {
        assert!(has_id(b"X-Mailferry-Message: a1-m7\r\n\r\n", "a1-m7"));
        assert!(has_id(b"X-Mailferry-Message: b2-m9\r\nX-Mailferry-Message:\ta1-m7 \r\n\r\n", "a1-m7"));
        assert!(!has_id(b"X-Mailferry-Message: a1-m71\r\n\r\n", "a1-m7"));
        assert!(!has_id(b"X-Mailferry-Message: 0a1-m7\r\n\r\n", "a1-m7"));
        assert!(!has_id(b"\r\n", "a1-m7"));
    }

    /// Searches for `a1-m7` on a server with the mails 4, 5 and 6; mail 6 has that id.
    async fn find_with_search_answer(answer: &'static str) -> (Option<u32>, Vec<String>) {
        let (server, client) = tokio::io::duplex(1 << 14);
        let served = tokio::spawn(async move {
            let (read, mut write) = tokio::io::split(server);
            let (mut lines, mut commands) = (BufReader::new(read).lines(), Vec::new());
            while let Ok(Some(line)) = lines.next_line().await {
                let (tag, command) = line.split_once(' ').unwrap();
                let untagged = match command {
                    _ if command.starts_with("EXAMINE") => "* 3 EXISTS\r\n".to_owned(),
                    _ if command.contains("HEADER ") => answer.to_owned(),
                    _ if command.starts_with("UID SEARCH") => "* SEARCH 4 5 6\r\n".to_owned(),
                    _ => [(4, "a1-m71"), (5, "b2-m7"), (6, "a1-m7")].map(|(uid, id)| field(command, uid, id)).concat(),
                };
                let status = if untagged.is_empty() { "NO unknown field" } else { "OK done" };
                write.write_all(format!("{untagged}{tag} {status}\r\n").as_bytes()).await.unwrap();
                commands.push(command.to_owned());
            }
            commands
        });
        let config = crate::config::load(&crate::config::Overrides::default()).unwrap();
        let terms = crate::wiring::terms(&config.deadlines, &config.limits, 1);
        let mut session = Session::greeted(Box::new(client), &terms);
        let found = find(&mut session, "a1-m7", Timestamp(1_800_000_000_000)).await.unwrap();
        drop(session);
        (found, served.await.unwrap())
    }

    /// The answer to a FETCH of a field.
    fn field(command: &str, uid: u32, id: &str) -> String {
        let (_, section) = command.split_once(".PEEK").unwrap();
        let section = section.strip_suffix(')').unwrap();
        let field = format!("X-Mailferry-Message: {id}\r\n\r\n");
        format!("* {} FETCH (UID {uid} BODY{section} {{{}}}\r\n{field})\r\n", uid - 3, field.len())
    }

    #[tokio::test]
    async fn a_search_that_misses_the_mail_is_followed_by_reading_the_fields() {
        let since = "SINCE 13-Jan-2027";
        for answer in ["* SEARCH 6\r\n", "* SEARCH 4 6\r\n", "* SEARCH 4\r\n", "* SEARCH\r\n", ""] {
            let (found, commands) = find_with_search_answer(answer).await;
            assert_eq!(found, Some(6), "{answer}");
            let by_field = format!("UID SEARCH UID 1:* {since} HEADER X-Mailferry-Message \"a1-m7\"");
            assert!(commands.contains(&by_field), "{commands:?}");
            let reads_all = commands.contains(&format!("UID SEARCH UID 1:* {since}"));
            assert_eq!(reads_all, !answer.contains('6'), "{answer}: {commands:?}");
        }
    }
}
