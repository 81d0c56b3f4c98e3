//! `mailferry mailbox check`: the way to a mailbox, step by step, changing nothing.

use serde::Serialize;

use super::abilities::Judged;
use super::connect::{self, Connection};
use super::credential::Credential;
use super::folders::{self as listing, MOST_COUNTED};
use super::guesses::Asked;
use super::{Deps, PollError, Retry, Step, abilities, authenticate, diagnosis, obstacle};
use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::imap::Session;
use crate::locale::Language;
use crate::mailbox::{AfterImport, TlsMode};
use crate::shown::shown_within;
use crate::store::{Login, Mailbox};

/// One step of the check.
#[derive(Debug, Serialize)]
pub struct CheckLine {
    /// Its name.
    pub step: &'static str,
    /// Whether it went well.
    pub ok: bool,
    /// What was found, or what is wrong and what to do.
    pub detail: String,
    /// In the last line of a check that failed, where that could be found out: the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// And the click or the command that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl CheckLine {
    fn new(step: &'static str, ok: bool, detail: impl Into<String>) -> Self {
        Self { step, ok, detail: shown_within(&detail.into(), MOST_DETAIL), cause: None, remedy: None }
    }

    /// The step at which a check ended.
    pub fn failure(error: &PollError) -> Self {
        Self::new(error.step.name(), false, error.message.as_str())
    }

    /// The last line of a check that failed: the cause, in a language.
    pub fn diagnosis(trouble: &Trouble, language: Language) -> Self {
        let remedy = Some(trouble.remedy(language));
        Self { cause: Some(trouble.cause), remedy, ..Self::new("diagnosis", false, trouble.sentence(language)) }
    }
}

/// The longest detail: capabilities and names of folders are many.
const MOST_DETAIL: usize = 8000;

/// Certificates that end sooner are warned of.
const SOON_DAYS: u64 = 30;

/// What ended a check.
pub struct CheckFailure {
    /// Where the way ended, and how.
    pub error: PollError,
    /// The cause, where it can be found out.
    pub trouble: Option<Trouble>,
}

/// Walks the way and tells each step as it is taken. Stops at the first that fails.
pub async fn check(
    mailbox: &Mailbox,
    deps: &Deps,
    as_polled: bool,
    tell: &mut (dyn FnMut(CheckLine) + Send),
) -> Result<(), CheckFailure> {
    let mut credential = None;
    let Err(error) = walk(mailbox, deps, as_polled, &mut credential, tell).await else { return Ok(()) };
    let trouble = match &credential {
        Some(credential) => diagnosis::find(&error, credential, mailbox, deps).await,
        None => error.trouble.clone(),
    };
    tell(CheckLine::failure(&error));
    Err(CheckFailure { error, trouble })
}

async fn walk(
    mailbox: &Mailbox,
    deps: &Deps,
    as_polled: bool,
    known: &mut Option<Credential>,
    tell: &mut (dyn FnMut(CheckLine) + Send),
) -> Result<(), PollError> {
    let mut well = |step: Step, detail: String| tell(CheckLine::new(step.name(), true, detail));
    let server = &mailbox.server;
    let addresses = deps
        .egress
        .resolve(&server.host, server.port, &deps.deadlines)
        .await
        .map_err(|error| PollError::egress(&error))?;
    let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    well(Step::Dns, format!("{} is {}", server.host, list.join(", ")));

    let Connection { mut session, greeting, certificate, place } = match connect::open(server, deps).await {
        Ok(connection) => connection,
        Err(error) => {
            if error.step != Step::Dns && error.step != Step::Tcp {
                well(Step::Tcp, format!("port {} answers", server.port));
            }
            return Err(error);
        }
    };
    well(Step::Tcp, format!("port {} answers", server.port));
    match certificate {
        Some(certificate) => {
            let until = certificate.valid_until.map_or_else(
                || "an end that cannot be read".to_owned(),
                |until| format!("{until}, {}", days_left(until, deps.clock.now())),
            );
            let how = if server.tls == TlsMode::StartTls { "STARTTLS" } else { "TLS from the start" };
            well(
                Step::Tls,
                format!(
                    "{how}; certificate of {}, valid until {until}; SHA-256 {}",
                    certificate.subject, certificate.fingerprint
                ),
            );
        }
        None => well(Step::Tls, "none, as chosen: password or access token, and mail, go in clear text".to_owned()),
    }
    well(Step::Greeting, greeting);
    let (credential, of_the_token) = diagnosis::token(mailbox, deps).await?;
    if matches!(mailbox.login, Login::OAuth { .. }) {
        well(Step::Token, of_the_token);
    }
    let by_person = (Asked::ByPerson, deps);
    let mut refused = authenticate::counted(&mut session, &place, &credential, mailbox, by_person).await;
    let credential = match &refused {
        // Before it is judged, the token is a new one; and where the consent has ended, that is told.
        Err(PollError { retry: Retry::Renew, .. }) => {
            let credential = credential.anew(mailbox, deps).await?;
            session = connect::open(server, deps).await?.session;
            refused = authenticate::counted(&mut session, &place, &credential, mailbox, by_person).await;
            credential
        }
        _ => credential,
    };
    *known = Some(credential);
    refused.map_err(PollError::without_renewal)?;
    well(Step::Login, format!("as {}", mailbox.username));
    let capabilities: Vec<&str> = session.capabilities().collect();
    tell(CheckLine::new("capabilities", true, capabilities.join(" ")));
    let folders = folders(&mut session, mailbox, tell).await?;
    after_import(&mut session, mailbox, &folders, as_polled, tell).await?;
    session.logout().await;
    Ok(())
}

/// Lists the folders with their counts, and opens those that are polled, read-only.
async fn folders(
    session: &mut Session,
    mailbox: &Mailbox,
    tell: &mut (dyn FnMut(CheckLine) + Send),
) -> Result<Vec<String>, PollError> {
    let mut offers = listing::listed(session).await?;
    offers.retain(|offer| offer.selectable);
    listing::count(session, &mut offers, &mut |offer| {
        let count = offer.messages.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
        tell(CheckLine::new("folder", true, format!("{}: {count} messages", offer.name)));
    })
    .await?;
    if offers.len() > MOST_COUNTED {
        let detail = format!("and {} more folders", offers.len() - MOST_COUNTED);
        tell(CheckLine::new("folder", true, detail));
    }
    let names: Vec<String> = offers.into_iter().map(|offer| offer.name).collect();
    for folder in &mailbox.folders {
        match session.select(folder, true).await {
            Ok(selected) if selected.uidvalidity.is_some() => {
                let detail = format!("{folder} opens read-only, {} messages", selected.exists);
                tell(CheckLine::new("select", true, detail));
            }
            Ok(selected) => {
                let detail = format!(
                    "{folder} opens read-only, {} messages; the server gives no UIDVALIDITY, so its mails are told apart by \
                     Message-ID and date",
                    selected.exists
                );
                tell(CheckLine::new("select", true, detail));
            }
            Err(error @ crate::imap::ImapError::Refused { .. }) => {
                let near: Vec<&str> = names.iter().map(String::as_str).take(20).collect();
                let detail = format!("{folder}: {error}; the folders are: {}", near.join(", "));
                tell(CheckLine::new("select", false, detail));
            }
            Err(error) => return Err(PollError::imap(Step::Select, &error)),
        }
    }
    Ok(names)
}

/// Says whether the server can do what is to happen to the copy. Which flags a folder keeps, and whether it can be changed at
/// all, the server tells only when it is opened as a poll opens it (`as_polled`): that changes no mail, but takes the mark
/// `\Recent` from new ones.
async fn after_import(
    session: &mut Session,
    mailbox: &Mailbox,
    folders: &[String],
    as_polled: bool,
    tell: &mut (dyn FnMut(CheckLine) + Send),
) -> Result<(), PollError> {
    let action = &mailbox.after_import;
    let Judged { way, mut obstacle } = Judged::of(session, action, &mailbox.folders).await?;
    let how = abilities::how(session, action, &way, folders, as_polled);
    if as_polled && *action != AfterImport::Leave {
        for folder in &mailbox.folders {
            match session.select(folder, false).await {
                Ok(selected) => {
                    let here = obstacle::in_folder(&selected, &|capability| session.can(capability), &way);
                    obstacle = obstacle.or(here.map(|here| format!("{folder}: {here}")));
                }
                Err(crate::imap::ImapError::Refused { text, .. }) => {
                    obstacle = obstacle.or(Some(format!("{folder} cannot be opened for changes: {text}")));
                }
                Err(error) => return Err(PollError::imap(Step::Select, &error)),
            }
        }
    }
    tell(match obstacle {
        Some(obstacle) => CheckLine::new("after-import", false, format!("{action}: {obstacle}")),
        None => CheckLine::new("after-import", true, format!("{action}: {how}")),
    });
    Ok(())
}

fn days_left(until: Timestamp, now: Timestamp) -> String {
    let days = until.since(now).as_secs() / 86400;
    let unit = if days == 1 { "day" } else { "days" };
    if days < SOON_DAYS { format!("only {days} {unit} left") } else { format!("{days} {unit} left") }
}
