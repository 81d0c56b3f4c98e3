//! The relay ingress of Rails' Action Mailbox, through which Chatwoot and others take mail, as far as it is documented
//! (rails/rails: actionmailbox/app/controllers/action_mailbox/ingresses/relay/inbound_emails_controller.rb).

use std::sync::{Arc, Mutex};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    sha256,
    webhook::{Reply, Request, Webhook},
};

const PATH: &str = "/rails/action_mailbox/relay/inbound_emails";

pub struct RailsIngress {
    /// The receiver that records the requests, which can be given other answers.
    pub webhook: Webhook,
    emails: Arc<Mutex<Vec<InboundEmail>>>,
}

/// A mail that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundEmail {
    /// The Message-ID without brackets; derived from the checksum if the mail has none.
    pub message_id: String,
    /// The SHA-256 of the mail; Rails takes SHA-1.
    pub checksum: String,
    pub raw: Vec<u8>,
}

impl RailsIngress {
    /// An ingress with this password of the user `actionmailbox`.
    pub fn start(password: &str) -> Self {
        let emails = Arc::<Mutex<Vec<InboundEmail>>>::default();
        let stores = Arc::clone(&emails);
        let login = format!("Basic {}", STANDARD.encode(format!("actionmailbox:{password}")));
        let webhook = Webhook::start_with(move |request| answer(request, &login, &stores));
        Self { webhook, emails }
    }

    pub fn url(&self) -> String {
        self.webhook.url(PATH)
    }

    /// The mails that were stored, in order.
    pub fn emails(&self) -> Vec<InboundEmail> {
        self.emails.lock().unwrap().clone()
    }
}

fn answer(request: &Request, login: &str, emails: &Mutex<Vec<InboundEmail>>) -> Reply {
    if (request.method.as_str(), request.target.as_str()) != ("POST", PATH) {
        return Reply::status(404);
    }
    if request.header("authorization") != Some(login) {
        return Reply::status(401).header("WWW-Authenticate", "Basic realm=\"Action Mailbox\"");
    }
    let media_type = request.header("content-type").and_then(|value| value.split(';').next()).map(str::trim);
    if !media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("message/rfc822")) {
        return Reply::status(415);
    }
    let checksum = sha256::hex(&request.body);
    let message_id = message_id(&request.body).unwrap_or_else(|| format!("{checksum}@localhost.mail"));
    let email = InboundEmail { message_id, checksum, raw: request.body.clone() };
    let mut emails = emails.lock().unwrap();
    // Rails has a unique index over both columns and rescues a violation, so that the client gets 204 again.
    if !emails.iter().any(|other| (&other.message_id, &other.checksum) == (&email.message_id, &email.checksum)) {
        emails.push(email);
    }
    Reply::status(204)
}

/// The value of Message-ID on one line, which suffices for the tests.
fn message_id(mail: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(mail);
    let header = text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("message-id").then(|| value.trim().trim_matches(['<', '>']).to_owned())
    })?;
    (!header.is_empty()).then_some(header)
}
