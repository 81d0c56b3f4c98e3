//! Mailferry fetches mail from customers' IMAP mailboxes into a helpdesk's inboxes: no mail is lost or imported twice, and
//! the customer's copy is left as the customer wants it.
//!
//! # The path of one mail
//!
//! ```text
//! due -> lease -> credential -> connect -> authenticate -> select -> start -> search -> fetch -> parse -> route -> import -> settle -> record
//! WHEN            oauth         HOW on the wire                                          pure    pure    durable   customer's copy
//!                                                                                                         |
//!                                                                                                         +-> outbox -> deliver (SMTP, LMTP, webhook)
//! ```
//!
//! 1. [`schedule`] finds a mailbox that is due and takes its lease.
//! 2. [`poll`] has one line and one file for each step: it opens each folder, finds the UIDs that the ledger does not know,
//!    and fetches them.
//! 3. `poll::import` commits, in one short transaction: raw bytes, message, ledger row, deliveries, pending effect, cursor.
//! 4. Only then may `poll::settle` change the customer's copy. It works from the pending effects, so the next poll continues
//!    after a crash in between.
//! 5. [`deliver`] hands messages on to the targets of their inbox. It works from the queued deliveries, and also stores each
//!    step before and after it.
//!
//! # The path of one request
//!
//! ```text
//! command line \
//! API           >-- app: find and authorise -> validate -> limit -> one transaction (change + audit line) -> outcome, as data
//! pages        /
//! ```
//!
//! Each use case of a user, a token, the command line or a connect link is one function in [`app`]. The three doors (command
//! line, API, pages) parse, call and show. An outcome is a [`fact`], which the door puts into words in the reader's
//! language.
//!
//! # Words
//!
//! Mailbox: a customer's mail account that Mailferry logs in to. Folder: a folder in it (RFC 3501 calls it a mailbox; this
//! code never does). Inbox: the destination of imported mail. Poll: one visit to one mailbox. Ledger: the outcome of every
//! UID ever seen. Effect: the change to make to the customer's copy after the import. Epoch: one UIDVALIDITY of a folder.
//! Grant: an OAuth consent with its refresh token, or an application's own right in one tenant. Organisation: the owner of
//! inboxes, mailboxes and users. Connect link: a link that works once, for a customer's own IT. Departure: a copy that an
//! effect has moved, removed or marked. Quarantined: seen, and set aside with a reason instead of imported.
//! `docs/glossary.md` has all terms.
//!
//! # Rules
//!
//! 1. Dependencies point down: `cli`, `http` -> `app` -> `schedule` -> `poll` -> `imap`, `oauth`, `deliver` -> `store` ->
//!    `mail`, `fact`, `cause`. `imap` does not depend on the store or the configuration, `oauth` not on mail, `discover` on
//!    neither; `mail`, `route` and `reading` do no I/O; only `cli` imports `http`. No two files import each other in a loop.
//! 2. The customer's copy is not touched before the import has committed. Only `poll/settle.rs` uses `imap::mutate`. With
//!    "leave" the folder is opened with EXAMINE, so the server itself forbids a change. Bodies are always fetched with
//!    BODY.PEEK.
//! 3. A message is (mailbox, folder, UIDVALIDITY, UID), unique in the ledger. `\Seen`, `\Recent`, dates and Message-ID never
//!    decide what is new. A mail that an effect of Mailferry moved is never new: the departure is written before the
//!    command.
//! 4. The cursor moves in the transaction that stores the message or its quarantine, over a contiguous finished prefix only,
//!    never beyond the highest UID that was listed; over a gap only after a SEARCH with tagged OK. A UID listed by SEARCH
//!    and not returned by FETCH is requested again. Daily, every UID on the server is compared with the ledger. A list that
//!    another answer of the session contradicts decides nothing (`poll/listing.rs`).
//! 5. `poll/continuity.rs` decides whether UIDs still name the same mail, and the poll's record notes a new numbering. Mail
//!    that is already imported is recognised by its content.
//! 6. Mail that cannot be parsed is imported all the same, since the import needs only the raw bytes. Mail that is too large
//!    or refused is quarantined with its reason.
//! 7. Every answer is read to its tagged end; any error, unexpected NO, BYE or EOF drops the connection.
//! 8. Effects are idempotent; "already gone" is success; a COPY is recorded before it is sent. Delete is UID EXPUNGE, on
//!    Gmail MOVE to the trash, never plain EXPUNGE or CLOSE. An effect left open by an earlier poll is compared with the
//!    server first.
//! 9. No transaction is open while waiting for the network. Every network step has a deadline, and every size has a limit.
//!    All sessions share one memory budget for the mail that they hold (`imap/in_flight.rs`), and connections to mail
//!    servers run on threads of their own (`poll/visits.rs`).
//! 10. The wall clock is read in `clock` only.
//! 11. A failure says what is broken (message < folder < mailbox < host < us) and when to retry. `cause` names known causes,
//!     and `locale/` has the sentence and the remedy in every language.
//! 12. A mailbox is opened only with the login that it is configured for, either a password or tokens. A rotated refresh
//!     token is on disk before the access token that came with it is used; one renewal serves all mailboxes of a grant.
//! 13. A change and its audit line are one transaction; a use case does the same through every door. Facts stay data until
//!     the door (`fact`): no sentence is stored to be parsed or searched, no `{:?}` of a value reaches a person. Every fact
//!     has words in every language.
//! 14. A function has at most 60 lines and five parameters.
//!
//! Absent on purpose: a copy of a mail outside the database; a cache of server state between polls, except a server's
//! listing form; a trait for mocking (tests replace the byte stream).
//!
//! # Modules in reading order

pub mod cli;

pub mod test_server;

mod poll;

mod imap;
mod oauth;
mod store;

mod schedule;

mod deliver;

mod app;
mod fact;

mod address;
mod cause;
mod clock;
mod config;
mod crash;
mod discover;
mod dns;
mod duration;
mod egress;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod https;
mod lifecycle;
mod locale;
mod mail;
mod mailbox;
mod mailer;
mod opaque;
mod owner;
mod password;
mod powershell;
mod private;
mod reading;
mod shown;
mod target;
mod telemetry;
mod tls;
mod vault;
mod wiring;

#[cfg(test)]
mod model;
#[cfg(test)]
mod rules;
