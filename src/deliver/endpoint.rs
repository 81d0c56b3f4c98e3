//! Builds the trusted certificates, the secret and the webhook endpoint of a target from its settings.

use secrecy::SecretString;
use url::Url;

use super::deps::DeliverDeps;
use super::webhook::{Format, Target};
use crate::fact::DeliveryProblem;
use crate::store::DeliveryTarget;
use crate::target::WebhookFormat;
use crate::tls::Trust;

/// The certificate authorities that are trusted for a target's server.
pub fn trust(target: &DeliveryTarget) -> Trust {
    target.ca_pem.clone().map_or(Trust::System, Trust::Authorities)
}

/// The password or signing secret of a target, if it has one.
pub fn secret(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Option<SecretString>, DeliveryProblem> {
    deps.secret_of(target).map_err(|error| {
        tracing::error!(target = target.id, %error, "the secret of a delivery target cannot be opened");
        DeliveryProblem::NoSecret
    })
}

/// The webhook endpoint of a target, with all signing secrets that are valid now.
pub fn endpoint(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Target, DeliveryProblem> {
    let unusable = |why: &dyn std::fmt::Display| DeliveryProblem::Unreachable { words: why.to_string() };
    let mut url = Url::parse(&target.url).map_err(|error| unusable(&error))?;
    if let Some(username) = &target.username {
        url.set_username(username).map_err(|()| unusable(&"the login name cannot be used"))?;
    }
    let old = target.old_secret(&deps.vault, deps.clock.now()).map_err(|_| DeliveryProblem::NoSecret)?;
    let secrets: Vec<_> = secret(target, deps)?.into_iter().chain(old).collect();
    let format = match target.webhook_format() {
        WebhookFormat::Json => Format::Json,
        WebhookFormat::Raw => Format::Raw,
    };
    let mut checked = Target::new(url.as_str(), format, &secrets).map_err(|why| unusable(&why))?;
    checked.trust = trust(target);
    Ok(checked)
}
