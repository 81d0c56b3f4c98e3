//! An answer of the receiver.

#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) manner: Manner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    AtOnce,
    WhenReleased,
    /// Closes the connection after the head of the request.
    CloseBeforeBody,
    /// Closes the connection after the whole request.
    CloseAfterBody,
    /// A body of zeros that has this length.
    Zeros(u64),
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), manner: Manner::AtOnce }
    }

    pub fn redirect(status: u16, url: &str) -> Self {
        Self::status(status).header("Location", url)
    }

    /// No answer: the connection is closed as soon as the head has arrived.
    pub fn close_before_body() -> Self {
        Self { manner: Manner::CloseBeforeBody, ..Self::status(0) }
    }

    /// No answer, although the whole request has arrived.
    pub fn close_after_body() -> Self {
        Self { manner: Manner::CloseAfterBody, ..Self::status(0) }
    }

    /// Status 200 with a body of this length, which is never held in memory.
    pub fn zeros(length: u64) -> Self {
        Self { manner: Manner::Zeros(length), ..Self::status(200) }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    /// Delays the answer until `Webhook::release`.
    pub fn when_released(mut self) -> Self {
        self.manner = Manner::WhenReleased;
        self
    }
}
