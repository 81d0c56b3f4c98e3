//! The mails that a sink was given.

/// A mail that came completely, whether the answer took it or not.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// The number of its connection, from 1.
    pub connection: usize,
    /// The argument of EHLO, HELO or LHLO.
    pub hello: String,
    pub tls: bool,
    /// The user that has logged in.
    pub login: Option<String>,
    /// The address in MAIL FROM, without brackets.
    pub sender: String,
    /// The parameters of MAIL FROM, for instance `BODY=8BITMIME`.
    pub parameters: Vec<String>,
    /// The recipients that were accepted.
    pub recipients: Vec<String>,
    /// The mail, exactly: without the dots that DATA adds, or the chunks of BDAT put together.
    pub bytes: Vec<u8>,
    /// Whether it came by BDAT.
    pub chunked: bool,
    /// The answers to it: one, or with LMTP one for each recipient. Missing ones were not sent.
    pub answers: Vec<String>,
}

impl Transaction {
    /// Whether the sink has the mail: an answer that was never sent counts as taken, since it may have been lost on its way.
    pub fn is_taken(&self) -> bool {
        self.answers.is_empty() || self.answers.iter().any(|answer| answer.starts_with('2'))
    }
}
