//! The mailer: sends test mails through the operator's SMTP server, if one is configured.

use std::time::Duration;

use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;

use crate::config::SmtpTls;
use crate::{config, opaque};

/// Time limit for sending a mail, since a person is waiting.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// An SMTP client. The operator's own server is named in the configuration, so the connection does not pass `egress`,
/// which is for hosts that others enter.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Creates the mailer; `None` if no server is configured.
    pub fn new(smtp: &config::Smtp) -> Result<Option<Self>, String> {
        let config_error = |key: &str, error: &dyn std::fmt::Display| format!("smtp.{key}: {error}");
        // A wrong sender is reported even if no server is configured.
        let from = smtp.from.parse().map_err(|error| config_error("from", &error))?;
        if smtp.host.is_empty() {
            return Ok(None);
        }
        let builder = match smtp.tls {
            SmtpTls::Implicit => {
                AsyncSmtpTransport::<Tokio1Executor>::relay(&smtp.host).map_err(|error| config_error("host", &error))?
            }
            SmtpTls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&smtp.host)
                .map_err(|error| config_error("host", &error))?,
            SmtpTls::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host),
        };
        let mut builder = builder.port(smtp.port).timeout(Some(TIME_LIMIT));
        if !smtp.username.is_empty() {
            let password = smtp.password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(smtp.username.clone(), password));
        }
        Ok(Some(Self { transport: builder.build(), from }))
    }

    /// Sends a mail with the header for automatic mail (RFC 3834 5), so that no program replies to the mail.
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
        match tokio::time::timeout(TIME_LIMIT, self.transport.send(message)).await {
            Ok(sent) => sent.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err("the SMTP server did not answer in time".to_owned()),
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
