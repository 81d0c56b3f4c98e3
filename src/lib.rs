//! Mailferry fetches mail from customers' IMAP mailboxes into a helpdesk's inboxes: nothing lost, nothing twice, and the
//! customer's copy left as the customer wants it.
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
//! 2. [`poll`] has one line and one file for each step: it opens each folder, finds the UIDs that are not in the ledger, and
//!    fetches their mail.
//! 3. `poll::import` commits, in one short transaction: raw bytes, message, ledger row, deliveries, pending effect, cursor.
//! 4. Only then may `poll::settle` change the customer's copy. It works from the stored pending effects, so after a crash
//!    the next poll carries out those that are still pending.
//! 5. [`deliver`] sends the queued deliveries to the targets of their inboxes. The state of a delivery is stored before
//!    and after each step.
//!
//! # The path of one request
//!
//! ```text
//! command line \
//! API           >-- app: find and authorise -> validate -> limit -> one transaction (change + audit line) -> outcome, as data
//! pages        /
//! ```
//!
//! Each use case of a user, a token, the command line or a connect link is one function in [`app`]. The three doors
//! (command line, API, pages) parse the input, call that function and show its outcome. An outcome is a [`fact`]; the door
//! words it in the reader's language.
//!
//! # Words
//!
//! Mailbox: a customer's mail account that Mailferry logs in to. Folder: a folder in a mailbox (RFC 3501 calls a folder a
//! mailbox; this code never does). Inbox: the destination of imported mail. Poll: one run through one mailbox, with one
//! or more visits. Ledger: the outcome of every UID ever seen. Effect: the change to make to the customer's copy after
//! the import. Epoch: the period in which the UIDs of a folder keep their meaning, normally one UIDVALIDITY. Grant: an
//! OAuth consent with its refresh token, or an application's own right in one tenant. Organisation: the owner of inboxes,
//! mailboxes and users. Link: a URL that works once. Departure: the record of a copy that an effect moves, removes or
//! marks. Quarantined: not imported, for a recorded reason. `docs/glossary.md` has all terms.
//!
//! # Rules
//!
//! 1. Dependencies point down: `cli`, `http` -> `app` -> `schedule` -> `poll` -> `imap`, `oauth`, `deliver` -> `store` ->
//!    `mail`, `fact`, `cause`. `imap` does not use `store` or `config`, `oauth` does not use `mail`, and `discover` uses
//!    neither `store` nor `mail`; `mail`, `poll::route` and `reading` do no I/O; only `cli` imports `http`. The imports
//!    between files have no cycles.
//! 2. The customer's copy is not touched before the import has committed. Only `poll/settle.rs` names `imap::mutate`. With
//!    "leave" the folder is opened with EXAMINE, so the server itself prevents changes. Mail is fetched with BODY.PEEK only.
//! 3. A message is (mailbox, folder, UIDVALIDITY, UID), unique in the ledger. `\Seen`, `\Recent`, dates and Message-ID never
//!    decide what is new. A mail that an effect moved is never new: its departure is stored before the command is sent.
//! 4. The cursor moves in the transaction that stores the message or its quarantine, over a contiguous finished prefix only,
//!    never beyond the highest UID that was listed; over a gap only after a SEARCH with tagged OK. A UID that SEARCH
//!    lists and FETCH does not return is requested again. Every UID on the server is compared with the ledger daily. No
//!    decision is based on a list of UIDs that another answer in the session contradicts (`poll/listing.rs`).
//! 5. `poll/continuity.rs` decides whether UIDs still name the same mail, and the poll's record notes a new numbering. Mail
//!    that is already imported is recognised by its content.
//! 6. Mail that cannot be parsed is imported too, as raw bytes. Mail that is too large or not received is quarantined.
//! 7. Every answer is read up to its tagged response; any error, an unexpected NO, BYE or EOF ends the connection.
//! 8. Effects are idempotent; a copy that is already gone counts as success; a COPY is recorded before it is sent. Mail is
//!    deleted by UID EXPUNGE, or on Gmail by MOVE to the trash, never by plain EXPUNGE or CLOSE. Before an effect that an
//!    earlier poll left pending is repeated, the server is asked for the state of the copy.
//! 9. No transaction is open while Mailferry waits for the network. Every network step has a deadline, every size a limit.
//!    All sessions share one memory budget for the mail that they hold (`imap/in_flight.rs`), and connections to mail
//!    servers run on separate threads (`poll/visits.rs`).
//! 10. Only `clock` reads the wall clock.
//! 11. A failure says what is broken (message < folder < mailbox < host < us) and when to retry. `cause` names known causes,
//!     and `locale/` has a sentence and a remedy for each in every language.
//! 12. A mailbox is only opened with its configured kind of login: a password or access tokens. A rotated refresh token is
//!     stored before the access token that came with it is used; one renewal serves all mailboxes of a grant.
//! 13. A change and its audit line are one transaction; a use case has the same result through every door. A fact stays
//!     data until a door words it (`fact`): no stored sentence is parsed or searched, and no `{:?}` output is shown to a
//!     person. Every fact has a text in every language.
//! 14. A function has at most 60 lines and five parameters.
//!
//! Absent on purpose: a copy of a mail outside the database; a cache of server state between polls, except the form in which
//! a server lists UIDs; a trait for mocking (tests replace the byte stream instead).
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
