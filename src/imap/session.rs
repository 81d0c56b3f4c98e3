//! The commands of a session. Each succeeds on a tagged OK only (RFC 3501 7.1). After a tagged NO or BAD the caller may
//! send another command; after a BYE, a wrong tag or the end of the stream, the connection must not be reused.

use std::collections::BTreeSet;
use std::fmt::Debug;

use imap_proto::{Capability, MailboxDatum, Response, ResponseCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::error::printable;
use super::guard::{Guard, GuardError, GuardLimits, RawAnswer};
use super::terms::{Deadlines, Limits, Terms};
use super::{Copies, ImapError, quirk};

/// A byte stream to the server: TCP, or TLS over TCP.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sync + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync + Debug> Wire for T {}

/// A connection on which every answer is read to its tagged end.
pub struct Session {
    pub(super) wire: Guard<Box<dyn Wire>>,
    pub(super) deadlines: Deadlines,
    pub(super) limits: Limits,
    tags: u32,
    /// The tag of the running command. No other command may be sent before its answer.
    running_tag: Option<String>,
    capabilities: BTreeSet<String>,
    /// The server's limit of messages per command (RFC 9738), if it has sent one.
    message_limit: Option<usize>,
    /// Whether that limit cut the last answer short.
    was_partial: bool,
    /// Number of mails in the open folder, as last reported.
    pub(super) exists: u32,
}

/// Maximum length of a line in bytes, except for SEARCH. Lines in the answers to our commands have a few hundred bytes.
const MAX_LINE: usize = 64 << 10;
/// Maximum bytes before the login. A greeting and repeated capabilities have a few KiB.
const MAX_BYTES_BEFORE_LOGIN: u64 = 128 << 10;

/// The server's greeting.
#[derive(Debug)]
pub struct Greeting {
    /// The text in printable form.
    pub text: String,
}

/// The status in a tagged answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    No,
    Bad,
}

/// The tagged answer to a command.
#[derive(Debug)]
pub struct TaggedAnswer {
    pub status: Status,
    /// Whether the folder is read-only (`[READ-ONLY]`).
    pub read_only: bool,
    /// Whether the folder must be created first (`[TRYCREATE]`).
    pub try_create: bool,
    /// The UIDs of the copies (`[COPYUID]`).
    pub copies: Option<Copies>,
    /// The text in printable form.
    pub text: String,
}

impl TaggedAnswer {
    /// Converts every status but OK to an error.
    pub fn ok(self, command: &'static str) -> Result<Self, ImapError> {
        match self.status {
            Status::Ok => Ok(self),
            Status::No | Status::Bad => Err(ImapError::Refused { command, text: self.text }),
        }
    }
}

/// A part of the answer to a command.
pub(super) enum AnswerPart<T> {
    Untagged(T),
    Tagged(TaggedAnswer),
}

impl Session {
    /// Wraps a stream whose greeting has not been read yet.
    pub fn new(stream: Box<dyn Wire>, terms: &Terms) -> Self {
        let Terms { deadlines, limits, in_flight } = terms;
        let guard = GuardLimits {
            literal: limits.literal,
            line: MAX_LINE.min(limits.line),
            search_line: limits.line,
            nesting: limits.nesting,
            silence: deadlines.silence,
            answer: limits.answer,
            before_login: MAX_BYTES_BEFORE_LOGIN,
            throughput: limits.throughput,
        };
        Self {
            wire: Guard::new(stream, guard, in_flight.clone()),
            deadlines: *deadlines,
            limits: *limits,
            tags: 0,
            running_tag: None,
            capabilities: BTreeSet::new(),
            message_limit: None,
            was_partial: false,
            exists: 0,
        }
    }

    /// Wraps a stream whose greeting was read before TLS.
    pub fn greeted(stream: Box<dyn Wire>, terms: &Terms) -> Self {
        let mut session = Self::new(stream, terms);
        session.wire.skip_noise();
        session
    }

    /// Reads the greeting. PREAUTH is refused, since it would skip the login, and an attacker on the network can send
    /// it.
    pub async fn greeting(&mut self) -> Result<Greeting, ImapError> {
        let read = timeout(self.deadlines.greeting, self.wire.answer()).await;
        let whole = read.map_err(|_| ImapError::Slow("the greeting"))?.map_err(|error| io_error(&error))?;
        let whole = whole.ok_or_else(|| ImapError::Lost("it was closed before the greeting".to_owned()))?;
        match quirk::read(&whole.bytes).ok_or_else(not_imap)? {
            Response::Data { status: imap_proto::Status::Ok, outcome } => {
                if let Some(ResponseCode::Capabilities(list)) = &outcome.code {
                    self.capabilities = capability_names(list);
                }
                self.wire.skip_noise();
                Ok(Greeting { text: printable(outcome.information.as_deref().unwrap_or_default()) })
            }
            Response::Data { status: imap_proto::Status::Bye, outcome } => {
                Err(ImapError::Bye(printable(outcome.information.as_deref().unwrap_or_default())))
            }
            Response::Data { status: imap_proto::Status::PreAuth, .. } => {
                Err(ImapError::Protocol("it claims that we are logged in already (PREAUTH)".to_owned()))
            }
            _ => Err(ImapError::Protocol("its first line is not an IMAP greeting".to_owned())),
        }
    }

    /// Whether the server has this capability, ignoring case.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(&capability.to_ascii_uppercase())
    }

    /// The maximum number of messages per command (RFC 9738); `None` for no limit.
    pub fn message_limit(&self) -> Option<usize> {
        let offered = self.capabilities.iter().find_map(|name| name.strip_prefix("MESSAGELIMIT=")?.parse().ok());
        self.message_limit.into_iter().chain(offered).min().map(|limit: usize| limit.max(1))
    }

    /// The number of messages to put into one command: the smaller of `most` and the server's limit.
    pub fn command_limit(&self, most: usize) -> usize {
        self.message_limit().map_or(most, |limit| limit.min(most))
    }

    /// Whether the last answer covers only some of the messages (RFC 9738).
    pub fn was_partial(&self) -> bool {
        self.was_partial
    }

    /// All capabilities, in upper case.
    pub fn capabilities(&self) -> impl Iterator<Item = &str> {
        self.capabilities.iter().map(String::as_str)
    }

    /// Forgets the capabilities from before the login.
    pub(super) fn forget_capabilities(&mut self) {
        self.capabilities.clear();
    }

    /// Requests the capabilities, unless they are known.
    pub async fn ensure_capabilities(&mut self) -> Result<(), ImapError> {
        if self.capabilities.is_empty() {
            self.run("CAPABILITY", "CAPABILITY", |_| Ok(())).await?.ok("CAPABILITY")?;
        }
        Ok(())
    }

    /// Number of mails in the open folder, as last reported.
    pub fn exists(&self) -> u32 {
        self.exists
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.wire.received()
    }

    /// Identifies the client (RFC 2971), without which 163.com refuses SELECT. Any answer is accepted.
    pub async fn send_client_id(&mut self) -> Result<(), ImapError> {
        if self.can("ID") {
            let id = concat!("ID (\"name\" \"Mailferry\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")");
            self.run("ID", id, |_| Ok(())).await?;
        }
        Ok(())
    }

    /// Logs out, after which the server closes the connection.
    pub async fn logout(mut self) {
        if self.running_tag.is_none() {
            let _ = timeout(std::time::Duration::from_secs(5), self.run("LOGOUT", "LOGOUT", |_| Ok(()))).await;
        }
    }

    /// Runs a command to its tagged answer, and passes every untagged answer to `on`.
    pub(super) async fn run(
        &mut self,
        name: &'static str,
        line: &str,
        on: impl FnMut(&Response<'_>) -> Result<(), ImapError>,
    ) -> Result<TaggedAnswer, ImapError> {
        self.run_within(self.limits.answer, name, line, on).await
    }

    /// Runs a command whose answer has its own byte limit.
    pub(super) async fn run_within(
        &mut self,
        most: u64,
        name: &'static str,
        line: &str,
        mut on: impl FnMut(&Response<'_>) -> Result<(), ImapError>,
    ) -> Result<TaggedAnswer, ImapError> {
        let mut on = |response: &Response<'_>, _: &RawAnswer| on(response);
        self.run_raw(most, name, line, &mut on).await
    }

    /// Runs a command, and also passes the raw answers to `on`, so that it can keep slices of them without a copy.
    pub(super) async fn run_raw(
        &mut self,
        most: u64,
        name: &'static str,
        line: &str,
        on: &mut impl FnMut(&Response<'_>, &RawAnswer) -> Result<(), ImapError>,
    ) -> Result<TaggedAnswer, ImapError> {
        let deadline = self.deadlines.command;
        let running = async {
            self.send_within(most, line).await?;
            let mut untagged = 0;
            loop {
                if let AnswerPart::Tagged(answer) = self.next(name, &mut untagged, on).await? {
                    return Ok(answer);
                }
            }
        };
        timeout(deadline, running).await.map_err(|_| ImapError::Slow(name))?
    }

    /// Sends a command with a new tag.
    pub(super) async fn send(&mut self, line: &str) -> Result<(), ImapError> {
        self.send_within(self.limits.answer, line).await
    }

    /// Sends a command whose answer has its own byte limit.
    pub(super) async fn send_within(&mut self, most: u64, line: &str) -> Result<(), ImapError> {
        if self.running_tag.is_some() {
            return Err(ImapError::Protocol("an answer was not read to its end".to_owned()));
        }
        self.tags += 1;
        let tag = format!("F{}", self.tags);
        let bytes = Zeroizing::new(format!("{tag} {line}\r\n")); // it may contain a password
        self.running_tag = Some(tag);
        crate::crash::point("before a command");
        self.wire.begin_command(most);
        self.write(bytes.as_bytes()).await
    }

    /// Sends raw bytes, as within AUTHENTICATE.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ImapError> {
        self.wire.send(bytes).await.map_err(|error| io_error(&error))
    }

    /// Reads the next answer to the running command.
    pub(super) async fn next<T>(
        &mut self,
        name: &'static str,
        untagged: &mut usize,
        on: &mut impl FnMut(&Response<'_>, &RawAnswer) -> Result<T, ImapError>,
    ) -> Result<AnswerPart<T>, ImapError> {
        loop {
            let whole = self.wire.answer().await.map_err(|error| io_error(&error))?;
            let whole = whole.ok_or_else(|| ImapError::Lost(format!("it was closed during {name}")))?;
            if let Some(response) = quirk::read(&whole.bytes) {
                return self.classify(response, name, untagged, |response| on(response, &whole));
            }
            if !self.wire.may_drop(&whole).map_err(|guard_error| ImapError::Limit(guard_error.to_string()))? {
                return Err(not_imap());
            }
        }
    }

    fn classify<T>(
        &mut self,
        response: Response<'_>,
        name: &'static str,
        untagged: &mut usize,
        on: impl FnOnce(&Response<'_>) -> Result<T, ImapError>,
    ) -> Result<AnswerPart<T>, ImapError> {
        match response {
            Response::Done { tag, status, outcome } => {
                if self.running_tag.as_deref() != Some(tag.0.as_str()) {
                    return Err(ImapError::Protocol("it answered a command that was not sent".to_owned()));
                }
                self.running_tag = None;
                let limit = outcome.information.as_deref().and_then(parse_message_limit);
                self.was_partial = limit.is_some();
                self.message_limit = limit.or(self.message_limit);
                if let Some(ResponseCode::Capabilities(list)) = &outcome.code {
                    self.capabilities = capability_names(list);
                }
                let status = match status {
                    imap_proto::Status::Ok => Status::Ok,
                    imap_proto::Status::No => Status::No,
                    imap_proto::Status::Bad => Status::Bad,
                    _ => {
                        return Err(ImapError::Protocol("its answer is none of OK, NO and BAD".to_owned()));
                    }
                };
                crate::crash::point("after a command");
                Ok(AnswerPart::Tagged(TaggedAnswer {
                    status,
                    read_only: matches!(outcome.code, Some(ResponseCode::ReadOnly)),
                    try_create: matches!(outcome.code, Some(ResponseCode::TryCreate)),
                    copies: outcome.code.as_ref().and_then(Copies::from_code),
                    text: printable(outcome.information.as_deref().unwrap_or_default()),
                }))
            }
            Response::Data { status: imap_proto::Status::Bye, outcome } if name != "LOGOUT" => {
                Err(ImapError::Bye(printable(outcome.information.as_deref().unwrap_or_default())))
            }
            other => {
                *untagged += 1;
                let most = self.limits.untagged;
                if *untagged > most {
                    return Err(ImapError::Limit(format!("more than {most} answers to {name}")));
                }
                match &other {
                    Response::Capabilities(list) => self.capabilities = capability_names(list),
                    Response::MailboxData(MailboxDatum::Exists(count)) => self.exists = *count,
                    Response::Expunge(_) => self.exists = self.exists.saturating_sub(1),
                    _ => {}
                }
                on(&other).map(AnswerPart::Untagged)
            }
        }
    }
}

/// Parses `[MESSAGELIMIT 1000 23221]`, which imap-proto leaves in the text.
fn parse_message_limit(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("[MESSAGELIMIT ")?;
    rest.split([' ', ']']).next()?.parse().ok()
}

fn capability_names(list: &[Capability<'_>]) -> BTreeSet<String> {
    list.iter()
        .map(|capability| match capability {
            Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
            Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
            Capability::Atom(atom) => atom.to_ascii_uppercase(),
        })
        .collect()
}

fn not_imap() -> ImapError {
    ImapError::Protocol("it sent something that is not IMAP".to_owned())
}

/// Converts a read or write error.
pub(super) fn io_error(error: &std::io::Error) -> ImapError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<GuardError>()) {
        Some(GuardError::Silence) => ImapError::Silent,
        Some(guard_error) => ImapError::Limit(guard_error.to_string()),
        None => match error.kind() {
            std::io::ErrorKind::Other => not_imap(),
            std::io::ErrorKind::UnexpectedEof => ImapError::Lost("it was closed in the middle of an answer".to_owned()),
            std::io::ErrorKind::InvalidData => ImapError::Protocol("the data was not valid TLS".to_owned()),
            kind => ImapError::Lost(kind.to_string()),
        },
    }
}
