//! How a sink behaves, as data.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio_rustls::rustls::ServerConfig;

use crate::support::{certs::Identity, scripted::tls_config};

/// Where in a dialogue the sink does something else than usual.
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
    /// The body, as soon as this number of its octets has come.
    Body(usize),
    /// A BDAT that is not the last.
    Chunk,
    /// The whole mail has come: the transaction counts as taken unless the answer refuses it.
    Answer,
    /// LMTP's answer for this recipient, in preference to `Answer`.
    AnswerFor(String),
    Quit,
}

#[derive(Clone, Debug)]
pub enum Act {
    /// These lines instead of the usual ones; LF becomes CRLF. Their code decides how the dialogue goes on.
    Say(String),
    /// As `Say`, and the end of the connection.
    SayAndClose(String),
    /// Exactly these octets.
    Bytes(Vec<u8>),
    /// The end of the connection, without an answer.
    Close,
    /// The usual answer, when the test has called `Sink::release`.
    Wait,
    /// The usual answer, one octet for each `Sink::release`.
    Drip,
    /// These octets again and again, until the client leaves.
    Flood(Vec<u8>),
}

/// Lines that the sink says instead of the usual ones.
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
    /// By STARTTLS.
    Offered(Arc<ServerConfig>),
    Implicit(Arc<ServerConfig>),
    /// STARTTLS is offered, and then the sink does not speak TLS.
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
    /// An SMTP server that takes everything, with the usual capabilities and without TLS.
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

    /// Requires this login (PLAIN or LOGIN) before MAIL, and offers it within TLS only, if there is any.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Takes a bare LF for a line end, as servers do to which mail can be smuggled.
    pub fn lenient(mut self) -> Self {
        self.is_lenient = true;
        self
    }

    /// Does this at every such step.
    pub fn at(self, step: Step, act: Act) -> Self {
        self.first(usize::MAX, step, act)
    }

    /// Does this at the first so many of such steps, over all connections. A rule for the same step that was given before goes first.
    pub fn first(mut self, times: usize, step: Step, act: Act) -> Self {
        self.rules.push(Rule { step, act, times, used: AtomicUsize::new(0) });
        self
    }

    /// The act at a step, which is counted.
    pub(super) fn act(&self, step: &Step) -> Option<Act> {
        let fits = |rule: &&Rule| rule.step == *step && rule.used.load(Ordering::SeqCst) < rule.times;
        let rule = self.rules.iter().find(fits)?;
        rule.used.fetch_add(1, Ordering::SeqCst);
        Some(rule.act.clone())
    }

    /// The places in a body at which something happens, sorted.
    pub(super) fn places_in_body(&self) -> Vec<usize> {
        let place = |rule: &Rule| if let Step::Body(place) = rule.step { Some(place) } else { None };
        let mut places: Vec<usize> = self.rules.iter().filter_map(place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}
