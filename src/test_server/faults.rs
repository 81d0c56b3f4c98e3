//! What can be wrong with the server. By default nothing is. Every fault may be changed between two commands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Everything that is wrong.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// What is said of UIDVALIDITY.
    pub uidvalidity: UidValidity,
    /// What is said of UIDNEXT.
    pub uidnext: UidNext,
    /// UIDs that SEARCH does not list.
    pub hidden_from_search: BTreeSet<u32>,
    /// UIDs that FETCH is silent about.
    pub hidden_from_fetch: BTreeSet<u32>,
    /// UIDs that SEARCH does not list where it is asked for dates.
    pub hidden_from_date_search: BTreeSet<u32>,
    /// UIDs at whose turn the connection breaks when sizes are asked for.
    pub breaks_at_size_of: BTreeSet<u32>,
    /// SEARCH says nothing but OK where nothing matches.
    pub search_hides_none: bool,
    /// SEARCH answers OK and nothing else.
    pub search_is_silent: bool,
    /// SEARCH lists UIDs in descending order, some of them twice.
    pub search_is_unsorted: bool,
    /// SEARCH takes the star in `UID n:*` for nothing (GNU Mailutils' imap4d).
    pub search_misreads_star: bool,
    /// EXISTS is so many more than is true.
    pub exists_more: u32,
    /// EXISTS is 0.
    pub exists_none: bool,
    /// A mail that is moved or removed is put back at once, under a new UID.
    pub puts_back: bool,
    /// Each mail that is put back gets a line more at its end.
    pub puts_back_changed: bool,
    /// Other names of folders, which LIST does not show.
    pub aliases: BTreeMap<String, String>,
    /// Names of folders are the same in upper and lower case.
    pub folds_case: bool,
    /// What is said of RFC822.SIZE.
    pub sizes: Sizes,
    /// What is wrong with single bodies.
    pub bodies: BTreeMap<u32, Body>,
    /// How parts of a mail (`BODY[]<0.100>`) are answered.
    pub parts: Parts,
    /// FETCH, EXPUNGE and EXISTS that nobody asked for stand between the answers to a FETCH.
    pub unsolicited: bool,
    /// Commands that are answered otherwise than by doing them.
    pub replies: Vec<Reply>,
    /// The connection is reset after so many bytes of the server's.
    pub cut_after: Option<u64>,
    /// The server sends so many bytes at once, and then waits so long.
    pub drip: Option<(usize, Duration)>,
    /// Capabilities that are missing.
    pub lacks: BTreeSet<&'static str>,
    /// Capabilities that there are besides.
    pub also: BTreeSet<&'static str>,
    /// Folders open read-only, whatever was asked for.
    pub read_only: bool,
    /// Flags that a folder keeps; `None`: all, without a word about it.
    pub permanent_flags: Option<String>,
    /// Messages that one command deals with (RFC 9738).
    pub message_limit: Option<usize>,
}

/// What is said of UIDVALIDITY.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UidValidity {
    /// The truth.
    #[default]
    True,
    /// Nothing.
    Missing,
    /// 0.
    Zero,
    /// Another number at each login.
    NewAtEachLogin,
}

/// What is said of UIDNEXT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UidNext {
    /// The truth.
    #[default]
    True,
    /// Nothing.
    Missing,
    /// 0.
    Zero,
    /// So much more than is true.
    Ahead(u32),
    /// Always this.
    Stuck(u32),
}

/// What is said of RFC822.SIZE.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sizes {
    /// The truth.
    #[default]
    True,
    /// Nothing.
    Missing,
    /// 0.
    Zero,
    /// -1.
    Negative,
    /// The truth times this.
    Times(u32),
    /// The truth divided by this.
    Part(u32),
}

/// What is wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// The answer names the UID and no body (iCloud).
    Absent,
    /// NIL.
    Nil,
    /// Empty.
    Empty,
    /// A mail of the server's own that says that the mail cannot be given (Exchange).
    Substitute,
    /// FETCH is refused as soon as this UID is asked for.
    Refused,
    /// The literal announces so many bytes more than come.
    TooFew(usize),
    /// So many bytes come after the literal has ended.
    TooMany(usize),
    /// The literal leaves out the last line end, which comes after it (Domino).
    LineEndOutside,
    /// The answer bears another UID.
    OtherUid(u32),
    /// Flags and body come in two answers.
    Split,
    /// The connection breaks in the middle.
    Cut,
    /// The server ends the connection where the answer belongs (Dovecot, for a mail that it cannot read).
    Bye,
}

/// How parts of a mail are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Parts {
    /// As asked for.
    #[default]
    True,
    /// By the whole mail, as if no part had been asked for.
    Whole,
    /// With the question's own words: `BODY[]<0.100>` where `BODY[]<0>` belongs.
    Echoed,
    /// From the beginning, whatever was asked for.
    FromStart,
    /// With more bytes than asked for.
    TooLong,
    /// Always empty.
    Empty,
    /// Without a blank before the literal (GreenMail).
    NoBlank,
    /// By NO behind the end.
    RefusedBehindEnd,
}

/// A command that is answered otherwise than by doing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// How the command begins, e.g. `UID FETCH`.
    pub command: String,
    /// So many such commands are still done.
    pub after: usize,
    /// So many are answered so; `None`: all.
    pub times: Option<usize>,
    /// The answer.
    pub answer: Answer,
}

/// An answer in place of the command's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A tagged line, e.g. `NO [UNAVAILABLE] later`; nothing is done.
    Tagged(String),
    /// The command is done, and its tagged line is this one.
    DoneBut(String),
    /// `* BYE` and the end.
    Bye(String),
    /// The connection ends; nothing is done.
    Cut,
    /// The command is done, and the connection ends without an answer.
    DoneThenCut,
    /// Nothing, for ever.
    Silence,
    /// These bytes and nothing else.
    Raw(Vec<u8>),
}

impl Faults {
    /// The answer to a command that is not done, if there is one for it now.
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
