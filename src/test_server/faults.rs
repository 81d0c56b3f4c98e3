//! The possible faults of the server, none by default. They may be changed between two commands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The faults that the server has at the moment.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// How UIDVALIDITY is sent.
    pub uidvalidity: UidValidity,
    /// How UIDNEXT is sent.
    pub uidnext: UidNext,
    /// UIDs that SEARCH omits.
    pub hidden_from_search: BTreeSet<u32>,
    /// UIDs that FETCH omits.
    pub hidden_from_fetch: BTreeSet<u32>,
    /// UIDs that a SEARCH by date omits.
    pub hidden_from_date_search: BTreeSet<u32>,
    /// UIDs at which the connection breaks when their sizes are fetched.
    pub breaks_at_size_of: BTreeSet<u32>,
    /// Whether SEARCH sends OK without a SEARCH response if nothing matches.
    pub search_hides_none: bool,
    /// Whether the server answers every SEARCH with OK only, without a SEARCH response.
    pub search_is_silent: bool,
    /// Whether SEARCH lists UIDs in descending order, with a duplicate.
    pub search_is_unsorted: bool,
    /// Whether SEARCH misreads the star in `UID n:*` (GNU Mailutils' imap4d).
    pub search_misreads_star: bool,
    /// Number that is added to EXISTS.
    pub exists_more: u32,
    /// Whether EXISTS is 0.
    pub exists_none: bool,
    /// Whether a moved or removed mail comes back at once under a new UID.
    pub removed_mail_returns: bool,
    /// Whether mails that come back have an additional line.
    pub removed_mail_returns_changed: bool,
    /// The folders' own names, by an alias under which clients may also name them. LIST does not show the aliases.
    pub aliases: BTreeMap<String, String>,
    /// Whether folder names are case-insensitive.
    pub folds_case: bool,
    /// How RFC822.SIZE is sent.
    pub sizes: Sizes,
    /// Faults of single bodies, by UID.
    pub bodies: BTreeMap<u32, Body>,
    /// Answers to partial fetches (`BODY[]<0.100>`).
    pub parts: Parts,
    /// Whether FETCH sends unsolicited FETCH, EXPUNGE and EXISTS responses in between.
    pub unsolicited: bool,
    /// Replacements for the answers to commands.
    pub replies: Vec<Reply>,
    /// Number of sent bytes after which the connection ends.
    pub cut_after: Option<u64>,
    /// The size of the pieces that the server sends, and the pause after each.
    pub drip: Option<(usize, Duration)>,
    /// Missing capabilities.
    pub missing_capabilities: BTreeSet<&'static str>,
    /// Additional capabilities.
    pub extra_capabilities: BTreeSet<&'static str>,
    /// Whether every folder opens read-only.
    pub read_only: bool,
    /// PERMANENTFLAGS; `None` if they are not sent, which means that all flags are kept.
    pub permanent_flags: Option<String>,
    /// Maximum number of messages per command (RFC 9738).
    pub message_limit: Option<usize>,
}

/// How UIDVALIDITY is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UidValidity {
    /// The correct value is sent.
    #[default]
    Correct,
    /// No value is sent.
    Missing,
    /// The value 0 is sent.
    Zero,
    /// A new value is sent at each login.
    NewAtEachLogin,
}

/// How UIDNEXT is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UidNext {
    /// The correct value is sent.
    #[default]
    Correct,
    /// No value is sent.
    Missing,
    /// The value 0 is sent.
    Zero,
    /// A value that is too high by this number is sent.
    Ahead(u32),
    /// This value is always sent.
    Stuck(u32),
}

/// How RFC822.SIZE is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sizes {
    /// The correct size is sent.
    #[default]
    Correct,
    /// No size is sent.
    Missing,
    /// The size 0 is sent.
    Zero,
    /// The size -1 is sent.
    Negative,
    /// The size is multiplied by this number.
    MultipliedBy(u32),
    /// The size is divided by this number.
    DividedBy(u32),
}

/// A fault of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// The answer has the UID but no body (iCloud).
    Absent,
    /// NIL is sent instead of the body.
    Nil,
    /// The body is empty.
    Empty,
    /// A substitute that says that the mail cannot be retrieved (Exchange).
    Substitute,
    /// Every FETCH that includes this UID is refused.
    Refused,
    /// The literal announces this many bytes too many.
    LiteralTooLong(usize),
    /// The literal announces this many bytes too few.
    LiteralTooShort(usize),
    /// The literal lacks the last line end of the body, which is sent after the literal (Domino).
    LineEndOutside,
    /// The answer has another UID.
    OtherUid(u32),
    /// Flags and body arrive in two answers.
    Split,
    /// The connection breaks in the middle of the body.
    Cut,
    /// The server sends BYE instead of the answer (Dovecot, for an unreadable mail).
    Bye,
}

/// Answers to partial fetches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Parts {
    /// The requested part is sent.
    #[default]
    Correct,
    /// The whole mail is sent, as if no part had been requested.
    Whole,
    /// The requested range is echoed: `BODY[]<0.100>` instead of `BODY[]<0>`.
    Echoed,
    /// The part always starts at the beginning of the mail.
    FromStart,
    /// The part is one byte longer than requested.
    TooLong,
    /// The part is always empty.
    Empty,
    /// There is no space before the literal (GreenMail).
    NoSpace,
    /// A request for an offset at or after the end is answered with NO.
    RefusedBehindEnd,
}

/// A replacement for the answers to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The start of the command, e.g. `UID FETCH`.
    pub command: String,
    /// Number of such commands to execute normally first.
    pub after: usize,
    /// Number of commands to answer this way; `None` for all.
    pub times: Option<usize>,
    /// The replacement.
    pub answer: Answer,
}

/// A replacement answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A tagged line, e.g. `NO [UNAVAILABLE] later`, without executing the command.
    Tagged(String),
    /// Executes the command, but with this tagged line.
    ExecuteThen(String),
    /// `* BYE`, and the end of the connection.
    Bye(String),
    /// The end of the connection, without executing the command.
    Cut,
    /// Executes the command and closes the connection without an answer.
    ExecuteThenCut,
    /// No answer to this command or to any later one.
    Silence,
    /// Only these bytes.
    Raw(Vec<u8>),
}

impl Faults {
    /// The replacement for a command's answer, if any is due.
    pub(super) fn reply(&mut self, command: &str) -> Option<Answer> {
        let reply = self.replies.iter_mut().find(|reply| {
            command.to_ascii_uppercase().starts_with(&reply.command.to_ascii_uppercase()) && reply.times != Some(0)
        })?;
        if reply.after > 0 {
            reply.after -= 1;
            return None;
        }
        if let Some(times) = &mut reply.times {
            *times -= 1;
        }
        Some(reply.answer.clone())
    }
}
