//! Why a mail was not handed over to a target.

use serde::{Deserialize, Serialize};

use super::{Fact, Text, TlsProblem};
use crate::locale::Language;

/// The step of a delivery that failed.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryPhase {
    /// The connection is being established.
    Connect,
    /// The server's greeting is awaited.
    Greeting,
    /// TLS is being negotiated.
    Tls,
    /// The command EHLO or LHLO.
    Hello,
    /// The command AUTH.
    Login,
    /// The command MAIL.
    Sender,
    /// The command RCPT.
    Recipient,
    /// The command DATA, before the first byte of the mail.
    Data,
    /// The mail is being sent. Its last byte has not been handed to the connection, so the target cannot have accepted it.
    Body,
    /// The target may have the whole mail; its answer is awaited. If the answer is lost, the mail may have been delivered.
    Answer,
}

/// Why a reply of an SMTP or LMTP server is unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyFault {
    /// A line does not begin with a reply code.
    NoCode,
    /// The code is not between 200 and 599.
    CodeOutOfRange,
    /// The lines of a reply have different codes.
    OtherCode,
    /// The code is not a valid reply to the command.
    UnexpectedCode,
    /// The server sent a reply without a command.
    Unasked,
    LineTooLong,
    TooManyLines,
    TooLong,
}

/// Why a mail was not handed over to a target.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "problem")]
pub enum DeliveryProblem {
    /// The target cannot be reached; `words` is the reason.
    Unreachable { words: String },
    /// The setting `egress` does not permit a connection to the target.
    Forbidden { host: String },
    /// No name server answers for a domain, or all of them fail.
    Unresolved { domain: String },
    /// The domain takes no mail (RFC 7505).
    NullMx { domain: String },
    /// The domain does not exist, or none of its mail servers exists.
    NoMailServer { domain: String },
    /// The MTA-STS policy of the domain names none of its mail servers (RFC 8461).
    StsMismatch { domain: String },
    /// TLS cannot be established.
    Tls { why: TlsProblem },
    /// TLS is required, and the server does not offer STARTTLS.
    NoStartTls,
    /// The server sent unencrypted bytes after its answer to STARTTLS.
    InjectedBeforeTls,
    /// A login is configured, but the server offers no login method that Mailferry supports.
    NoAuth,
    /// A reply is malformed, unasked or not valid for the command; `words` is the beginning of the reply or faulty line.
    NotUnderstood { phase: DeliveryPhase, fault: ReplyFault, words: String },
    /// The target closed the connection.
    Closed { phase: DeliveryPhase },
    /// The target did not answer, or did not read, in time.
    TimedOut { phase: DeliveryPhase },
    /// The target refused a step, with a reply code, an enhanced code (RFC 3463) and its text.
    Refused { phase: DeliveryPhase, code: u16, enhanced: Option<String>, words: String },
    /// The mail is larger than the target's announced limit.
    TooLarge { size: u64, limit: u64 },
    /// The mail has a lone CR or LF, which DATA cannot carry unchanged.
    BareLineEnds,
    /// The address is not ASCII, and the server does not offer SMTPUTF8.
    AddressNeedsUtf8 { address: String },
    /// Mailferry itself was interrupted while it sent the mail, so the target may have it.
    Interrupted,
    /// The answer to the mail was lost, and the mail is not in the recipient's mailbox.
    NotInMailbox,
    /// The answer to the mail was lost, and the recipient's mailbox cannot be searched; `words` is the reason.
    MailboxClosed { words: String },
    /// The mail was delivered to this inbox before and has come back.
    Loop { inbox: String },
    /// A later server returned the mail, with an enhanced code (RFC 3463) and its text.
    Returned { status: Option<String>, words: String },
    /// The mail reached the importing system by forwarding, so it was not delivered.
    Forwarded,
    /// The sender has sent more than `limit` mails to this inbox within an hour.
    TooManyFromSender { limit: i64 },
    /// The bytes of the mail were deleted after an earlier delivery.
    BytesRemoved,
    /// The mail has passed through too many servers.
    TooManyHops { hops: usize },
    /// The secret of the target cannot be opened with the keys of this installation.
    NoSecret,
    /// The answer is not HTTP.
    NotHttp,
    /// The target answered with this HTTP status, which does not mean success, and with this text.
    Status { status: u16, words: String },
    /// The target redirects. Redirects are never followed.
    Redirected { status: u16 },
    /// The target wants no more deliveries (HTTP 410).
    Gone,
    /// The stored mail could not be read, or is shorter or longer than its recorded size, so it was not delivered.
    Incomplete { size: u64, read: u64 },
}

impl DeliveryProblem {
    /// The problem as shown to users of one organisation: a host that `egress` forbids looks like one that does not exist.
    #[must_use]
    pub fn for_tenant(self) -> Self {
        match self {
            Self::Forbidden { host } => {
                let words = format!(
                    "the host name {host} cannot be resolved: the host does not exist, or the resolver does not answer"
                );
                Self::Unreachable { words }
            }
            other => other,
        }
    }
}

impl DeliveryPhase {
    #[cfg(test)]
    pub const ALL: [Self; 10] = [
        Self::Connect,
        Self::Greeting,
        Self::Tls,
        Self::Hello,
        Self::Login,
        Self::Sender,
        Self::Recipient,
        Self::Data,
        Self::Body,
        Self::Answer,
    ];

    /// The id in the language files.
    fn id(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Tls => "tls",
            Self::Hello => "hello",
            Self::Login => "login",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Data => "data",
            Self::Body => "body",
            Self::Answer => "answer",
        }
    }
}

impl ReplyFault {
    #[cfg(test)]
    pub const ALL: [Self; 8] = [
        Self::NoCode,
        Self::CodeOutOfRange,
        Self::OtherCode,
        Self::UnexpectedCode,
        Self::Unasked,
        Self::LineTooLong,
        Self::TooManyLines,
        Self::TooLong,
    ];

    /// The id in the language files.
    fn id(self) -> &'static str {
        match self {
            Self::NoCode => "no-code",
            Self::CodeOutOfRange => "code-out-of-range",
            Self::OtherCode => "other-code",
            Self::UnexpectedCode => "unexpected-code",
            Self::Unasked => "unasked",
            Self::LineTooLong => "line-too-long",
            Self::TooManyLines => "too-many-lines",
            Self::TooLong => "too-long",
        }
    }
}

impl Fact for DeliveryProblem {
    fn text(&self) -> Text {
        match self {
            Self::Unreachable { words } => Text::new("delivery-unreachable").with("words", words),
            Self::Forbidden { host } => Text::new("delivery-forbidden").with("host", host),
            Self::Unresolved { domain } => Text::new("delivery-unresolved").with("domain", domain),
            Self::NullMx { domain } => Text::new("delivery-null-mx").with("domain", domain),
            Self::NoMailServer { domain } => Text::new("delivery-no-mail-server").with("domain", domain),
            Self::StsMismatch { domain } => Text::new("delivery-sts-mismatch").with("domain", domain),
            Self::Tls { why } => why.text(),
            Self::NoStartTls => Text::new("delivery-no-starttls"),
            Self::InjectedBeforeTls => Text::new("delivery-injected-before-tls"),
            Self::NoAuth => Text::new("delivery-no-auth"),
            Self::NotUnderstood { phase, fault, words } => Text::new(match words.is_empty() {
                true => "delivery-not-understood",
                false => "delivery-not-understood-words",
            })
            .with("phase", phase.id())
            .with("fault", fault.id())
            .with("words", words),
            Self::Closed { phase } => Text::new("delivery-closed").with("phase", phase.id()),
            Self::TimedOut { phase } => Text::new("delivery-timed-out").with("phase", phase.id()),
            Self::Refused { phase, code, enhanced, words } => {
                let parts = [Some(code.to_string()), enhanced.clone(), Some(words.clone())];
                let reply: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
                Text::new("delivery-refused").with("phase", phase.id()).with("reply", reply.join(" "))
            }
            Self::TooLarge { size, limit } => Text::new("delivery-too-large").with("size", size).with("limit", limit),
            Self::BareLineEnds => Text::new("delivery-bare-line-ends"),
            Self::AddressNeedsUtf8 { address } => Text::new("delivery-address-needs-utf8").with("address", address),
            Self::Interrupted => Text::new("delivery-interrupted"),
            Self::NotInMailbox => Text::new("delivery-not-in-mailbox"),
            Self::MailboxClosed { words } => Text::new("delivery-mailbox-closed").with("words", words),
            Self::Loop { inbox } => Text::new("delivery-loop").with("inbox", inbox),
            Self::Returned { status, words } => {
                let parts = [status.clone(), Some(words.clone())];
                let reply: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
                match reply.is_empty() {
                    true => Text::new("delivery-returned"),
                    false => Text::new("delivery-returned-words").with("reply", reply.join(" ")),
                }
            }
            Self::Forwarded => Text::new("delivery-forwarded"),
            Self::TooManyFromSender { limit } => Text::new("delivery-too-many-from-sender").with("limit", limit),
            Self::BytesRemoved => Text::new("delivery-bytes-removed"),
            Self::TooManyHops { hops } => Text::new("delivery-too-many-hops").with("hops", hops),
            Self::NoSecret => Text::new("delivery-no-secret"),
            Self::NotHttp => Text::new("delivery-not-http"),
            Self::Status { status, words } if words.is_empty() => {
                Text::new("delivery-http-status").with("status", status)
            }
            Self::Status { status, words } => {
                Text::new("delivery-http-status-words").with("status", status).with("words", words)
            }
            Self::Redirected { status } => Text::new("delivery-redirected").with("status", status),
            Self::Gone => Text::new("delivery-gone"),
            Self::Incomplete { size, read } => Text::new("delivery-incomplete").with("size", size).with("read", read),
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            Self::Tls { why } => why.words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::Tls { why } => why.on_page(language),
            _ => self.text().on_page(language),
        }
    }
}
