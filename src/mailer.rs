//! The mailer: it sends test mails by the operator's own SMTP server, where one is configured.

use std::time::Duration;

use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;

use crate::config::SmtpTls;
use crate::{config, opaque};

/// Somebody waits.
const WITHIN: Duration = Duration::from_secs(20);

/// A way to send mail. It is the operator's own server, named in the configuration, so it does not pass `egress`, which is for hosts
/// that others enter.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// From a configuration; `None` if no server is named there.
    pub fn new(smtp: &config::Smtp) -> Result<Option<Self>, String> {
        let wrong = |key: &str, error: &dyn std::fmt::Display| format!("smtp.{key}: {error}");
        // A wrong sender is told before a server is named, and not only after.
        let from = smtp.from.parse().map_err(|error| wrong("from", &error))?;
        if smtp.host.is_empty() {
            return Ok(None);
        }
        let builder = match smtp.tls {
            SmtpTls::Implicit => {
                AsyncSmtpTransport::<Tokio1Executor>::relay(&smtp.host).map_err(|error| wrong("host", &error))?
            }
            SmtpTls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&smtp.host)
                .map_err(|error| wrong("host", &error))?,
            SmtpTls::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host),
        };
        let mut builder = builder.port(smtp.port).timeout(Some(WITHIN));
        if !smtp.username.is_empty() {
            let password = smtp.password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(smtp.username.clone(), password));
        }
        Ok(Some(Self { transport: builder.build(), from }))
    }

    /// Sends a mail. It is marked as written by a machine (RFC 3834 5), so that nothing answers it.
    pub async fn send(&self, to: &str, subject: &str, body: &str) -> Result<(), String> {
        let to: Mailbox = to.parse().map_err(|error| format!("{to}: {error}"))?;
        let id = format!("<{}@{}>", opaque::new(""), self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .message_id(Some(id))
            .header(AutoSubmitted)
            .singlepart(SinglePart::plain(body.to_owned()))
            .map_err(|error| error.to_string())?;
        match tokio::time::timeout(WITHIN, self.transport.send(message)).await {
            Ok(sent) => sent.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err("the SMTP server does not answer in time".to_owned()),
        }
    }
}

/// `Auto-Submitted: auto-generated`
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
