//! The mails that a sink received.

/// A mail that arrived completely, whether it was accepted or not.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// The number of its connection, from 1.
    pub connection: usize,
    /// The argument of EHLO, HELO or LHLO.
    pub hello: String,
    pub tls: bool,
    /// The user that logged in, if any.
    pub login: Option<String>,
    /// The address in MAIL FROM, without brackets.
    pub sender: String,
    /// The parameters of MAIL FROM, for instance `BODY=8BITMIME`.
    pub parameters: Vec<String>,
    /// The recipients that were accepted.
    pub recipients: Vec<String>,
    /// The exact bytes of the mail: without the dots that DATA adds, or the joined chunks of BDAT.
    pub bytes: Vec<u8>,
    /// Whether the mail was sent by BDAT.
    pub chunked: bool,
    /// The answers to the mail: one, or with LMTP one for each recipient. Answers that were not sent are missing.
    pub answers: Vec<String>,
}

impl Transaction {
    /// Whether the sink accepted the mail, with LMTP for at least one recipient. A mail without an
    /// answer counts as accepted, as if the answer had been lost.
    pub fn is_taken(&self) -> bool {
        self.answers.is_empty() || self.answers.iter().any(|answer| answer.starts_with('2'))
    }
}
