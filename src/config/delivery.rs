//! `[delivery]`: the target of all inboxes that have none of their own, and the settings of every delivery.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::values::{self, Count, Span};
use crate::address::Address;
use crate::store::TargetSettings;
use crate::target::{RAW_LINK_TTL, TargetKind, TargetUrl, WhenUnknown};
use crate::tls;

/// The value of `default` that stands for the built-in store alone.
const STORE: &str = "store";

/// The longest `raw_retention`. The bytes of a mail are deleted only while a finished delivery shows that they are not needed,
/// and finished deliveries are deleted after 90 days.
const MAX_RAW_RETENTION: Duration = Duration::from_hours(80 * 24);

/// `[delivery]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// `store`, `mx`, or the URL of a mail server.
    pub default: String,
    /// The login name at the default target; empty: no login.
    pub username: String,
    #[serde(deserialize_with = "values::secret")]
    pub password: SecretString,
    /// The file with the authorities that the default target's certificate is checked against; empty: the system's
    /// authorities.
    pub ca_file: PathBuf,
    /// Maximum number of connections to the default target.
    pub concurrency: Count,
    /// Whether lone CR and LF may be turned into CRLF for the default target.
    pub repair_line_ends: bool,
    /// Whether the bytes of a mail are deleted here after its delivery, so that only the default target has them.
    pub only: bool,
    /// Maximum number of mails of one inbox per minute to the default target; 0: no limit.
    pub rate: u32,
    /// How long the bytes of a delivered mail are kept before they are deleted here, if only the target is to have them.
    pub raw_retention: Span,
    /// The envelope sender; empty: the null sender.
    pub sender: String,
    /// The name in EHLO and Received; empty: this machine's host name.
    pub hostname: String,
    /// Maximum number of inboxes whose deliveries are sent at the same time.
    pub parallel: Count,
    /// Ports of targets that actors of one organisation may use.
    pub ports: Vec<u16>,
    /// The port of mail servers that are found by MX.
    pub mx_port: u16,
    /// The port of the hosts that serve MTA-STS policies.
    pub mta_sts_port: u16,
    /// Timeout of one command.
    pub command: Span,
    /// Timeout for the answer to a whole mail.
    pub answer: Span,
    /// Timeout of one request to a webhook.
    pub request: Span,
}

impl Delivery {
    /// The settings of the target of all inboxes that have none of their own; `None`: their mail stays in the built-in
    /// store.
    ///
    /// # Errors
    /// A sentence that describes the error in the configuration.
    pub fn default_target(&self) -> Result<Option<TargetSettings>, String> {
        if self.default == STORE {
            return Ok(None);
        }
        let url: TargetUrl = self.default.parse().map_err(|why| format!("delivery.default: {why}"))?;
        if url.kind() == TargetKind::Webhook {
            return Err(
                "delivery.default: a webhook belongs to one inbox; set it with `mailferry inbox deliver`".to_owned()
            );
        }
        let has_login = !self.username.is_empty() || !self.password.expose_secret().is_empty();
        if url == TargetUrl::Mx && (has_login || !self.ca_file.as_os_str().is_empty()) {
            return Err(
                "delivery.default: mx has no login and no ca_file, since it has no server of its own".to_owned()
            );
        }
        let ca_pem = match self.ca_file.as_os_str().is_empty() {
            true => None,
            false => {
                let wrong =
                    |why: &dyn std::fmt::Display| format!("delivery.ca_file: {}: {why}", self.ca_file.display());
                let pem = std::fs::read_to_string(&self.ca_file).map_err(|error| wrong(&error))?;
                tls::check_authorities(&pem).map_err(|why| wrong(&why))?;
                Some(pem)
            }
        };
        Ok(Some(TargetSettings {
            url: url.to_string(),
            recipient: None,
            format: None,
            username: Some(self.username.clone()).filter(|name| !name.is_empty()),
            ca_pem,
            concurrency: i64::try_from(self.concurrency.0).unwrap_or(i64::MAX),
            look_in: None,
            look_username: None,
            when_unknown: WhenUnknown::Repeat,
            repair_line_ends: self.repair_line_ends,
            only_target: self.only,
            rate: Some(i64::from(self.rate)).filter(|rate| *rate > 0),
        }))
    }

    /// The envelope sender; `None`: the null sender.
    pub fn sender(&self) -> Option<Address> {
        self.sender.parse().ok()
    }

    /// The errors that the types of the values cannot exclude.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.default_target().err().into_iter().collect();
        if !self.sender.is_empty() && self.sender().is_none() {
            problems.push("delivery.sender: must be an address, e.g. bounces@kundo.example".to_owned());
        }
        if !self.hostname.is_empty() && url::Host::parse(&self.hostname).is_err() {
            problems.push("delivery.hostname: must be a host name, e.g. mailferry.kundo.example".to_owned());
        }
        if self.only && self.default == STORE {
            problems.push(
                "delivery.only: needs a target in delivery.default; without one the built-in store is the only place"
                    .to_owned(),
            );
        }
        if !(RAW_LINK_TTL..=MAX_RAW_RETENTION).contains(&self.raw_retention.0) {
            problems.push("delivery.raw_retention: must be between 1d and 80d".to_owned());
        }
        for (key, ports) in
            [("ports", &self.ports[..]), ("mx_port", &[self.mx_port]), ("mta_sts_port", &[self.mta_sts_port])]
        {
            if ports.contains(&0) {
                problems.push(format!("delivery.{key}: 0 is not a port"));
            }
        }
        problems
    }
}
