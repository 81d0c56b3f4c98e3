//! `mailferry mailbox check`: the way to a mailbox, step by step, changing nothing.

mod line;

use super::authenticate::Counted;
use super::capabilities::Judged;
use super::connect::{self, Connection};
use super::credential::Credential;
use super::folders::{self as listing, MOST_COUNTED};
use super::guesses::LoginTrigger;
use super::{Deps, PollError, Retry, Step, after_import, diagnosis};
use crate::cause::Trouble;
use crate::fact::{CheckFinding, EffectMethod, Obstacle};
use crate::imap::{ImapError, Session};
use crate::mailbox::{AfterImport, TlsMode};
use crate::store::{Login, Mailbox};
use crate::tls::Certificate;

pub use line::CheckLine;

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
    let mut walk = Walk { mailbox, deps, as_polled, credential: None, tell };
    let Err(error) = walk.all_the_way().await else { return Ok(()) };
    let trouble = match &walk.credential {
        Some(credential) => diagnosis::find(&error, credential, mailbox, deps).await,
        None => error.trouble.clone(),
    };
    (walk.tell)(CheckLine::failure(&error));
    Err(CheckFailure { error, trouble })
}

/// A walk, told step by step.
struct Walk<'a> {
    mailbox: &'a Mailbox,
    deps: &'a Deps,
    /// Whether folders are opened as a poll opens them.
    as_polled: bool,
    /// What the login was tried with.
    credential: Option<Credential>,
    tell: &'a mut (dyn FnMut(CheckLine) + Send),
}

impl Walk<'_> {
    fn well(&mut self, step: Step, found: CheckFinding) {
        (self.tell)(CheckLine::new(step.name(), true, found));
    }

    async fn all_the_way(&mut self) -> Result<(), PollError> {
        self.resolve().await?;
        let connection = self.connect().await?;
        let mut session = self.log_in(connection).await?;
        let capabilities: Vec<&str> = session.capabilities().collect();
        (self.tell)(CheckLine::new("capabilities", true, CheckFinding::ServerText { words: capabilities.join(" ") }));
        let folders = self.folders(&mut session).await?;
        self.polled_folders(&mut session, &folders).await?;
        self.after_import(&mut session, &folders).await?;
        session.logout().await;
        Ok(())
    }

    async fn resolve(&mut self) -> Result<(), PollError> {
        let (server, deps) = (&self.mailbox.server, self.deps);
        let found = deps.egress.resolve(&server.host, server.port, &deps.deadlines).await;
        let addresses = found.map_err(|error| PollError::egress(&error))?;
        let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
        self.well(Step::Dns, CheckFinding::Addresses { host: server.host.clone(), addresses: list.join(", ") });
        Ok(())
    }

    async fn connect(&mut self) -> Result<Connection, PollError> {
        let server = &self.mailbox.server;
        let connected = connect::open(server, self.deps).await;
        if connected.as_ref().err().is_none_or(|error| !matches!(error.step, Step::Dns | Step::Tcp)) {
            self.well(Step::Tcp, CheckFinding::PortAnswers { port: server.port });
        }
        let connection = connected?;
        self.well(Step::Tls, self.protection(connection.certificate.as_ref()));
        self.well(Step::Greeting, CheckFinding::ServerText { words: connection.greeting.clone() });
        Ok(connection)
    }

    fn protection(&self, certificate: Option<&Certificate>) -> CheckFinding {
        let Some(Certificate { subject, fingerprint, valid_until }) = certificate else { return CheckFinding::NoTls };
        let now = self.deps.clock.now();
        CheckFinding::Tls {
            starttls: self.mailbox.server.tls == TlsMode::StartTls,
            subject: subject.clone(),
            expiry: valid_until.map(|until| (until, until.since(now).as_secs() / 86400)),
            fingerprint: fingerprint.clone(),
        }
    }

    async fn log_in(&mut self, connection: Connection) -> Result<Session, PollError> {
        let (mailbox, deps) = (self.mailbox, self.deps);
        let Connection { mut session, place, .. } = connection;
        let (mut credential, of_the_token) = diagnosis::token(mailbox, deps).await?;
        if matches!(mailbox.login, Login::OAuth { .. }) {
            of_the_token.into_iter().for_each(|found| self.well(Step::Token, found));
        }
        let asked = LoginTrigger::ByPerson;
        let login = Counted { credential: &credential, mailbox, asked, deps };
        let mut ended = login.log_in(&mut session, &place).await;
        if let Err(PollError { retry: Retry::Renew, .. }) = &ended {
            // Before it is judged, the token is a new one; and where the consent has ended, that is told.
            credential = credential.anew(mailbox, deps).await?;
            session = connect::open(&mailbox.server, deps).await?.session;
            ended = Counted { credential: &credential, mailbox, asked, deps }.log_in(&mut session, &place).await;
        }
        self.credential = Some(credential);
        ended.map_err(PollError::without_renewal)?;
        self.well(Step::Login, CheckFinding::LoggedIn { username: mailbox.username.clone() });
        Ok(session)
    }

    /// Lists the folders with their counts.
    async fn folders(&mut self, session: &mut Session) -> Result<Vec<String>, PollError> {
        let tell = &mut self.tell;
        let mut offers = listing::listed(session).await?;
        offers.retain(|offer| offer.selectable);
        listing::count(session, &mut offers, &mut |offer| {
            let found = CheckFinding::Folder { folder: offer.name.clone(), messages: offer.messages };
            tell(CheckLine::new("folder", true, found));
        })
        .await?;
        if offers.len() > MOST_COUNTED {
            let found = CheckFinding::MoreFolders { count: offers.len() - MOST_COUNTED };
            tell(CheckLine::new("folder", true, found));
        }
        let names: Vec<String> = offers.into_iter().map(|offer| offer.name).collect();
        Ok(names)
    }

    /// Opens the folders that are polled, read-only.
    async fn polled_folders(&mut self, session: &mut Session, names: &[String]) -> Result<(), PollError> {
        for folder in &self.mailbox.folders {
            let (ok, found) = match session.select(folder, true).await {
                Ok(selected) => {
                    let (messages, has_uidvalidity) = (selected.exists, selected.uidvalidity.is_some());
                    (true, CheckFinding::FolderOpened { folder: folder.clone(), messages, has_uidvalidity })
                }
                Err(error @ ImapError::Refused { .. }) => {
                    let existing: Vec<&str> = names.iter().map(String::as_str).take(20).collect();
                    let (folder, words, existing) = (folder.clone(), error.to_string(), existing.join(", "));
                    (false, CheckFinding::FolderNotOpened { folder, words, existing })
                }
                Err(error) => return Err(PollError::imap(Step::Select, &error)),
            };
            (self.tell)(CheckLine::new("select", ok, found));
        }
        Ok(())
    }

    /// Says whether the server can do what is to happen to the copy. Which flags a folder keeps, and whether it can be changed
    /// at all, the server tells only when it is opened as a poll opens it (`as_polled`): that changes no mail, but takes the
    /// mark `\Recent` from new ones.
    async fn after_import(&mut self, session: &mut Session, folders: &[String]) -> Result<(), PollError> {
        let action = &self.mailbox.after_import;
        let Judged { way, mut obstacle } = Judged::of(session, action, &self.mailbox.folders).await?;
        let how = after_import::how(&|capability| session.can(capability), action, &way, folders, self.as_polled);
        if self.as_polled && *action != AfterImport::Leave {
            for folder in &self.mailbox.folders {
                let here = obstacle_in(session, folder, &way).await?;
                obstacle = obstacle.or(here);
            }
        }
        let ok = obstacle.is_none();
        let method = obstacle.map_or(how, EffectMethod::Blocked);
        let finding = CheckFinding::AfterImport { action: action.to_string(), method };
        (self.tell)(CheckLine::new("after-import", ok, finding));
        Ok(())
    }
}

/// Opens a folder as a poll does, and says what stands in the way there.
async fn obstacle_in(session: &mut Session, folder: &str, way: &AfterImport) -> Result<Option<Obstacle>, PollError> {
    match session.select(folder, false).await {
        Ok(selected) => {
            let here = after_import::in_folder(&selected, &|capability| session.can(capability), way);
            Ok(here.map(|here| Obstacle::InFolder { folder: folder.to_owned(), why: Box::new(here) }))
        }
        Err(ImapError::Refused { text, .. }) => {
            Ok(Some(Obstacle::NotOpened { folder: folder.to_owned(), words: text }))
        }
        Err(error) => Err(PollError::imap(Step::Select, &error)),
    }
}
