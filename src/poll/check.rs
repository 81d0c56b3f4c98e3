//! `mailferry mailbox check`: tests each step from the DNS lookup to the action after import, without changing any mail.

mod line;

use super::authenticate::CountedLogin;
use super::capabilities::CheckedAction;
use super::connect::{self, Connection};
use super::credential::Credential;
use super::folders::{self, MAX_COUNTED};
use super::login_attempts::LoginTrigger;
use super::{Deps, PollError, Retry, Step, after_import, diagnosis};
use crate::cause::Trouble;
use crate::fact::{CheckFinding, EffectMethod, Obstacle};
use crate::imap::{ImapError, Session};
use crate::mailbox::{AfterImport, TlsMode};
use crate::store::{Login, Mailbox};
use crate::tls::Certificate;

pub use line::CheckLine;

/// The error of a failed check, with its cause.
pub struct CheckFailure {
    /// The error that ended the check.
    pub error: PollError,
    /// The cause, if it is known.
    pub trouble: Option<Trouble>,
}

/// Runs the steps of a check, and reports each one. Stops at the first error. A polled folder that does not open
/// and an impossible action are reported, but are not errors.
pub async fn check(
    mailbox: &Mailbox,
    deps: &Deps,
    as_polled: bool,
    report: &mut (dyn FnMut(CheckLine) + Send),
) -> Result<(), CheckFailure> {
    let mut check = Check { mailbox, deps, as_polled, credential: None, report };
    let Err(error) = check.run().await else { return Ok(()) };
    let trouble = match &check.credential {
        Some(credential) => diagnosis::find(&error, credential, mailbox, deps).await,
        None => error.trouble.clone(),
    };
    (check.report)(CheckLine::failure(&error));
    Err(CheckFailure { error, trouble })
}

/// A check in progress.
struct Check<'a> {
    mailbox: &'a Mailbox,
    deps: &'a Deps,
    /// Whether the folders are also opened as a poll opens them, to find obstacles to the action after import.
    as_polled: bool,
    /// The credential of the login, once it has been used.
    credential: Option<Credential>,
    report: &'a mut (dyn FnMut(CheckLine) + Send),
}

impl Check<'_> {
    fn report_ok(&mut self, step: Step, found: CheckFinding) {
        (self.report)(CheckLine::new(step.name(), true, found));
    }

    async fn run(&mut self) -> Result<(), PollError> {
        self.resolve().await?;
        let connection = self.connect().await?;
        let mut session = self.log_in(connection).await?;
        let capabilities: Vec<&str> = session.capabilities().collect();
        (self.report)(CheckLine::new("capabilities", true, CheckFinding::ServerText { words: capabilities.join(" ") }));
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
        self.report_ok(Step::Dns, CheckFinding::Addresses { host: server.host.clone(), addresses: list.join(", ") });
        Ok(())
    }

    async fn connect(&mut self) -> Result<Connection, PollError> {
        let server = &self.mailbox.server;
        let connected = connect::open(server, self.deps).await;
        if connected.as_ref().err().is_none_or(|error| !matches!(error.step, Step::Dns | Step::Tcp)) {
            self.report_ok(Step::Tcp, CheckFinding::PortAnswers { port: server.port });
        }
        let connection = connected?;
        self.report_ok(Step::Tls, self.protection(connection.certificate.as_ref()));
        self.report_ok(Step::Greeting, CheckFinding::ServerText { words: connection.greeting.clone() });
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
        let Connection { mut session, server_addresses, .. } = connection;
        let (mut credential, token_finding) = diagnosis::token(mailbox, deps).await?;
        if matches!(mailbox.login, Login::OAuth { .. }) {
            token_finding.into_iter().for_each(|found| self.report_ok(Step::Token, found));
        }
        let trigger = LoginTrigger::Person;
        let login = CountedLogin { credential: &credential, mailbox, trigger, deps };
        let mut ended = login.log_in(&mut session, &server_addresses).await;
        if let Err(PollError { retry: Retry::Renew, .. }) = &ended {
            // A refused token may be stale: try a new one. If the consent has ended, the renewal fails and reports that.
            credential = credential.renew(mailbox, deps).await?;
            session = connect::open(&mailbox.server, deps).await?.session;
            ended = CountedLogin { credential: &credential, mailbox, trigger, deps }
                .log_in(&mut session, &server_addresses)
                .await;
        }
        self.credential = Some(credential);
        ended.map_err(PollError::without_renewal)?;
        self.report_ok(Step::Login, CheckFinding::LoggedIn { username: mailbox.username.clone() });
        Ok(session)
    }

    /// Reports the folders with their message counts, and returns the names.
    async fn folders(&mut self, session: &mut Session) -> Result<Vec<String>, PollError> {
        let report = &mut self.report;
        let mut offers = folders::list(session).await?;
        offers.retain(|offer| offer.selectable);
        folders::count_messages(session, &mut offers, &mut |offer| {
            let found = CheckFinding::Folder { folder: offer.name.clone(), messages: offer.messages };
            report(CheckLine::new("folder", true, found));
        })
        .await?;
        if offers.len() > MAX_COUNTED {
            let found = CheckFinding::MoreFolders { count: offers.len() - MAX_COUNTED };
            report(CheckLine::new("folder", true, found));
        }
        let names: Vec<String> = offers.into_iter().map(|offer| offer.name).collect();
        Ok(names)
    }

    /// Opens each polled folder read-only, and reports the result.
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
            (self.report)(CheckLine::new("select", ok, found));
        }
        Ok(())
    }

    /// Reports whether the server can do the action after import. Only opening the folder as a poll does (`as_polled`)
    /// shows its permanent flags and whether it can be changed at all. Opening it this way changes no mail, but new
    /// mail loses `\Recent`.
    async fn after_import(&mut self, session: &mut Session, folders: &[String]) -> Result<(), PollError> {
        let action = &self.mailbox.after_import;
        let CheckedAction { resolved_action, mut obstacle } =
            CheckedAction::check(session, action, &self.mailbox.folders).await?;
        let how = after_import::describe(
            &|capability| session.can(capability),
            action,
            &resolved_action,
            folders,
            self.as_polled,
        );
        if self.as_polled && *action != AfterImport::Leave {
            for folder in &self.mailbox.folders {
                let obstacle_here = obstacle_in(session, folder, &resolved_action).await?;
                obstacle = obstacle.or(obstacle_here);
            }
        }
        let ok = obstacle.is_none();
        let method = obstacle.map_or(how, EffectMethod::Blocked);
        let finding = CheckFinding::AfterImport { action: action.to_string(), method };
        (self.report)(CheckLine::new("after-import", ok, finding));
        Ok(())
    }
}

/// Opens a folder as a poll does, and returns the obstacle to the action, if any.
async fn obstacle_in(session: &mut Session, folder: &str, action: &AfterImport) -> Result<Option<Obstacle>, PollError> {
    match session.select(folder, false).await {
        Ok(selected) => {
            let obstacle = after_import::in_folder(&selected, &|capability| session.can(capability), action);
            Ok(obstacle.map(|obstacle| Obstacle::InFolder { folder: folder.to_owned(), why: Box::new(obstacle) }))
        }
        Err(ImapError::Refused { text, .. }) => {
            Ok(Some(Obstacle::NotOpened { folder: folder.to_owned(), words: text }))
        }
        Err(error) => Err(PollError::imap(Step::Select, &error)),
    }
}
