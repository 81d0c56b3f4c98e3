//! The scripted behaviour of a sink.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio_rustls::rustls::ServerConfig;

use crate::support::{certs::Identity, scripted::tls_config};

/// A step of a session at which the sink can deviate from its usual behaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Greeting,
    /// EHLO, HELO or LHLO.
    Hello,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    /// RCPT with this address, in preference to `Rcpt`.
    RcptOf(String),
    Data,
    /// The body, as soon as this number of its octets has arrived. Nothing is usually sent here, so `Wait` and `Drip` only
    /// wait for one `Sink::release`, and `Flood` sends its octets once.
    Body(usize),
    /// A BDAT that is not the last.
    Chunk,
    /// The answer to the whole mail.
    Answer,
    /// The LMTP answer for this recipient, in preference to `Answer`.
    AnswerFor(String),
    Quit,
}

#[derive(Clone, Debug)]
pub enum Act {
    /// Sends these lines instead of the usual ones; LF becomes CRLF. Their code decides how the session continues.
    Say(String),
    /// Like `Say`, but then closes the connection.
    SayAndClose(String),
    /// Sends exactly these octets.
    Bytes(Vec<u8>),
    /// Closes the connection without an answer.
    Close,
    /// Sends the usual answer after the test has called `Sink::release`.
    Wait,
    /// Sends the usual answer, one octet for each `Sink::release`.
    Drip,
    /// Repeats these octets until the client disconnects.
    Flood(Vec<u8>),
}

/// Shorthand for [`Act::Say`].
pub fn say(lines: &str) -> Act {
    Act::Say(lines.to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Smtp,
    Lmtp,
}

#[derive(Clone, Debug)]
pub(super) enum Tls {
    None,
    /// TLS is offered by STARTTLS.
    Offered(Arc<ServerConfig>),
    Implicit(Arc<ServerConfig>),
    /// STARTTLS is offered, but text is sent instead of a handshake.
    Garbage,
}

pub struct Personality {
    pub(super) protocol: Protocol,
    pub(super) capabilities: Vec<String>,
    pub(super) tls: Tls,
    pub(super) login: Option<(String, String)>,
    pub(super) is_lenient: bool,
    rules: Vec<Rule>,
}

struct Rule {
    step: Step,
    act: Act,
    times: usize,
    used: AtomicUsize,
}

impl Personality {
    /// An SMTP server that accepts everything, with the usual capabilities and without TLS.
    pub fn smtp() -> Self {
        Self::new(Protocol::Smtp)
    }

    pub fn lmtp() -> Self {
        Self::new(Protocol::Lmtp)
    }

    fn new(protocol: Protocol) -> Self {
        let usual = ["PIPELINING", "SIZE 100000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING"];
        Self {
            protocol,
            capabilities: usual.map(str::to_owned).to_vec(),
            tls: Tls::None,
            login: None,
            is_lenient: false,
            rules: Vec::new(),
        }
    }

    /// Sets the capabilities after EHLO; STARTTLS and AUTH are added by `starttls` and `login`.
    pub fn offering(mut self, capabilities: &[&str]) -> Self {
        self.capabilities = capabilities.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    pub fn starttls(mut self, identity: &Identity) -> Self {
        self.tls = Tls::Offered(tls_config(identity));
        self
    }

    pub fn implicit_tls(mut self, identity: &Identity) -> Self {
        self.tls = Tls::Implicit(tls_config(identity));
        self
    }

    /// Offers STARTTLS, and sends text instead of a handshake.
    pub fn garbage_for_tls(mut self) -> Self {
        self.tls = Tls::Garbage;
        self
    }

    /// Requires this login (PLAIN or LOGIN) before MAIL, and offers it only within TLS, if TLS is available.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Accepts a bare LF as a line end, like servers that are vulnerable to SMTP smuggling.
    pub fn lenient(mut self) -> Self {
        self.is_lenient = true;
        self
    }

    /// Performs the act at every such step.
    pub fn at(self, step: Step, act: Act) -> Self {
        self.first(usize::MAX, step, act)
    }

    /// Performs the act at the first `times` such steps, over all connections. Earlier rules for the same step take precedence.
    pub fn first(mut self, times: usize, step: Step, act: Act) -> Self {
        self.rules.push(Rule { step, act, times, used: AtomicUsize::new(0) });
        self
    }

    /// Returns the act for a step, if there is one, and counts its use.
    pub(super) fn act(&self, step: &Step) -> Option<Act> {
        let fits = |rule: &&Rule| rule.step == *step && rule.used.load(Ordering::SeqCst) < rule.times;
        let rule = self.rules.iter().find(fits)?;
        rule.used.fetch_add(1, Ordering::SeqCst);
        Some(rule.act.clone())
    }

    /// The offsets in a body for which there is a rule, sorted.
    pub(super) fn places_in_body(&self) -> Vec<usize> {
        let place = |rule: &Rule| if let Step::Body(place) = rule.step { Some(place) } else { None };
        let mut places: Vec<usize> = self.rules.iter().filter_map(place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}
