//! The responses of the scripts, and their form on the wire.

use serde::{Deserialize, de::IgnoredAny};

#[derive(Debug, Deserialize)]
pub struct Greeting {
    kind: Kind,
    code: Option<Code>,
    text: Text,
}

#[derive(Debug, Deserialize)]
enum Kind {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

#[derive(Debug, Deserialize)]
pub enum Text {
    Text(String),
}

#[derive(Debug, Deserialize)]
pub enum Code {
    Alert,
    Parse,
    BadCharset {
        #[serde(rename = "allowed")]
        _allowed: IgnoredAny,
    },
    Capability(NonEmptyVec),
    Referral(String),
}

#[derive(Debug, Deserialize)]
pub struct NonEmptyVec(Vec<Capability>);

#[derive(Debug, Deserialize)]
pub enum Capability {
    Imap4Rev1,
    StartTls,
    LoginDisabled,
    Idle,
    Enable,
    LoginReferrals,
    MailboxReferrals,
    Compress {
        #[serde(rename = "algorithm")]
        _algorithm: IgnoredAny,
    },
    Auth(Mechanism),
    Other(CapabilityOther),
}

#[derive(Debug, Deserialize)]
pub enum Mechanism {
    Plain,
    Login,
    Other(AuthMechanismOther),
}

#[derive(Debug, Deserialize)]
pub struct AuthMechanismOther(Atom);

#[derive(Debug, Deserialize)]
pub struct CapabilityOther {
    inner: Atom,
}

#[derive(Debug, Deserialize)]
struct Atom(String);

/// A refusal instead of the server's own answer.
#[derive(Debug, Deserialize)]
pub enum No {
    No { code: Option<Code>, text: Text },
}

impl Default for Greeting {
    fn default() -> Self {
        Self { kind: Kind::Ok, code: None, text: Text::Text("ready".to_owned()) }
    }
}

impl Greeting {
    pub fn line(&self) -> String {
        let kind = match self.kind {
            Kind::Ok => "OK",
            Kind::No => "NO",
            Kind::Bad => "BAD",
            Kind::Bye => "BYE",
            Kind::PreAuth => "PREAUTH",
        };
        format!("* {kind} {}\r\n", with_code(self.code.as_ref(), &self.text))
    }
}

impl No {
    pub fn line(&self) -> String {
        let Self::No { code, text } = self;
        format!("<tag> NO {}\r\n", with_code(code.as_ref(), text))
    }
}

fn with_code(code: Option<&Code>, Text::Text(text): &Text) -> String {
    let code = match code {
        None => return text.clone(),
        Some(Code::Alert) => "ALERT".to_owned(),
        Some(Code::Parse) => "PARSE".to_owned(),
        Some(Code::BadCharset { .. }) => "BADCHARSET (kkgIhdNV)".to_owned(),
        Some(Code::Capability(NonEmptyVec(list))) => capabilities(list),
        Some(Code::Referral(url)) => format!("REFERRAL {url}"),
    };
    format!("[{code}] {text}")
}

/// The capabilities on the wire, such as `CAPABILITY IMAP4REV1 STARTTLS`.
pub fn capabilities(list: &[Capability]) -> String {
    let name = |capability: &Capability| match capability {
        Capability::Imap4Rev1 => "IMAP4REV1".to_owned(),
        Capability::StartTls => "STARTTLS".to_owned(),
        Capability::LoginDisabled => "LOGINDISABLED".to_owned(),
        Capability::Idle => "IDLE".to_owned(),
        Capability::Enable => "ENABLE".to_owned(),
        Capability::LoginReferrals => "LOGIN-REFERRALS".to_owned(),
        Capability::MailboxReferrals => "MAILBOX-REFERRALS".to_owned(),
        Capability::Compress { .. } => "COMPRESS=DEFLATE".to_owned(),
        Capability::Auth(Mechanism::Plain) => "AUTH=PLAIN".to_owned(),
        Capability::Auth(Mechanism::Login) => "AUTH=LOGIN".to_owned(),
        Capability::Auth(Mechanism::Other(AuthMechanismOther(Atom(name)))) => format!("AUTH={name}"),
        Capability::Other(CapabilityOther { inner: Atom(name) }) => name.clone(),
    };
    list.iter().fold("CAPABILITY".to_owned(), |line, capability| format!("{line} {}", name(capability)))
}
