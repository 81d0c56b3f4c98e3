//! `mailferry oauth connect`: a person consents in a browser on this machine, or in any browser with a device code.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::super::Failure;
use super::super::output::{Output, is_interactive};
use super::callback::Loopback;
use crate::address::Address;
use crate::app::{Acting, Actor, consents};
use crate::cause::{Cause, Trouble};
use crate::locale::Language;
use crate::oauth::{
    ConsentAttempt, ConsentRequest, DeviceCode, GrantError, Provider, TokenEndpoint, TokenError, Tokens, grant,
};
use crate::poll::Deps;
use crate::store::{Flow, GrantKind, Login};

/// How long to wait for the consent in the browser.
const CONSENT_TIMEOUT: Duration = Duration::from_mins(10);

/// One run of the command. A redirect that belongs to another run is refused.
pub struct Session<'a> {
    pub deps: &'a Deps,
    pub output: Output,
    pub language: Language,
    pub port: u16,
}

impl Session<'_> {
    /// Asks a person to consent, and stores the tokens.
    pub async fn connect(&self, address: &Address, device: bool) -> Result<ExitCode, Failure> {
        let before = self.deps.store.mailbox(address).await?;
        let wanted = self.wanted_grant(address).await?;
        let tokens = self.deps.tokens();
        let provider =
            Provider::for_grant(&tokens.config, &wanted.key).map_err(|trouble| self.refused(trouble, &wanted))?;
        let http = grant::http(&provider, &tokens);
        let endpoint = TokenEndpoint { provider: &provider, http: &http };
        let result = match device {
            true => self.with_device_code(&endpoint, &wanted).await,
            false => self.in_browser(&endpoint, &wanted).await,
        };
        result.map_err(|error| self.refused(error.trouble, &wanted))??;
        let acting = Acting { actor: &Actor::CommandLine, store: &self.deps.store, now: self.deps.clock.now() };
        consents::record(acting, &before, &wanted.key.identity).await?;
        let mailbox = self.deps.store.mailbox(address).await?;
        let mailboxes = match mailbox.login {
            Login::OAuth { grant_id, .. } => {
                self.deps.store.mailboxes_by_grant().await?.remove(&grant_id).unwrap_or_default()
            }
            Login::Password(_) => Vec::new(),
        };
        let line = json!({
            "connected": true, "mailbox": address, "provider": wanted.key.provider, "identity": wanted.key.identity,
            "mailboxes": mailboxes,
        });
        self.output.object(&line, || {
            let others = mailboxes.iter().filter(|other| *other != address.as_str()).cloned().collect::<Vec<_>>();
            let others = if others.is_empty() {
                String::new()
            } else {
                format!(" The consent also opens {}.", others.join(", "))
            };
            format!(
                "{} has consented.{others} Check the connection: mailferry mailbox check {address}",
                wanted.key.identity
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }

    async fn wanted_grant<'a>(&self, address: &'a Address) -> Result<ConsentRequest<'a>, Failure> {
        match self.deps.store.mailbox(address).await?.login {
            Login::OAuth { key, .. } if key.kind == GrantKind::AppOnly => Err(Failure::usage(format!(
                "{address} is read with the application's own right, which needs no consent; an administrator grants the right: \
                 mailferry oauth app-only {address}"
            ))),
            Login::OAuth { key, .. } => Ok(ConsentRequest { address, key }),
            Login::Password(_) => Err(Failure::usage(format!(
                "{address} is opened with a password; to open it with access tokens: mailferry mailbox set {address} --oauth \
                 PROVIDER"
            ))),
        }
    }

    async fn in_browser(
        &self,
        endpoint: &TokenEndpoint<'_>,
        wanted: &ConsentRequest<'_>,
    ) -> Result<Result<(), Failure>, TokenError> {
        let mut loopback = match Loopback::bind(self.port).await {
            Ok(loopback) => loopback,
            Err(error) => return Ok(Err(Failure::failed(error))),
        };
        let attempt = ConsentAttempt::begin(endpoint, &wanted.key.identity, loopback.redirect.clone())?;
        let line = json!({
            "link": attempt.link.as_str(), "redirect_uri": loopback.redirect.as_str(), "identity": wanted.key.identity,
            "seconds": CONSENT_TIMEOUT.as_secs(),
        });
        let printed = self.output.object(&line, || {
            format!(
                "Open this link in a browser on this machine and consent as {}:\n\n{}\n\nWaiting at {} for {} minutes. To use a \
                 browser on another machine, {device}forward the port: ssh -L {port}:localhost:{port} …",
                wanted.key.identity,
                attempt.link,
                loopback.redirect,
                CONSENT_TIMEOUT.as_secs() / 60,
                device = if endpoint.provider.app.device_url.is_empty() { "" } else { "use --device, or " },
                port = loopback.redirect.port().unwrap_or_default(),
            )
        });
        if let Err(error) = printed {
            return Ok(Err(error.into()));
        }
        let Ok(Some(redirect)) = tokio::time::timeout(CONSENT_TIMEOUT, loopback.wait_for_redirect()).await else {
            return Err(endpoint.provider.trouble(Cause::TimedOut).into());
        };
        let (callback, reply) = redirect;
        let stored = match attempt.finish(callback, endpoint).await {
            Ok(tokens) => self.store_tokens(&tokens, Flow::Code, endpoint, wanted).await,
            Err(error) => Err(error),
        };
        let outcome = match &stored {
            Ok(Ok(())) => Ok(wanted.key.identity.clone()),
            Ok(Err(_)) => Err(None),
            Err(error) => Err(Some(wanted.with_args(error.trouble.clone()))),
        };
        let _ = reply.send(outcome);
        loopback.close().await;
        stored
    }

    async fn with_device_code(
        &self,
        endpoint: &TokenEndpoint<'_>,
        wanted: &ConsentRequest<'_>,
    ) -> Result<Result<(), Failure>, TokenError> {
        let code = DeviceCode::request(endpoint).await?;
        let line = json!({
            "verification_uri": code.page(), "user_code": code.code(), "identity": wanted.key.identity,
            "seconds": code.lifetime().as_secs(),
        });
        let printed = self.output.object(&line, || {
            format!(
                "Open {} in any browser, enter the code {} and consent as {}. The code is valid for {} minutes.",
                code.page(),
                code.code(),
                wanted.key.identity,
                code.lifetime().as_secs() / 60
            )
        });
        if let Err(error) = printed {
            return Ok(Err(error.into()));
        }
        let countdown = countdown(code.lifetime());
        let tokens = code.wait(endpoint, |pause| tick(&countdown, pause)).await;
        countdown.finish_and_clear();
        self.store_tokens(&tokens?, Flow::Device, endpoint, wanted).await
    }

    async fn store_tokens(
        &self,
        tokens: &Tokens,
        flow: Flow,
        endpoint: &TokenEndpoint<'_>,
        wanted: &ConsentRequest<'_>,
    ) -> Result<Result<(), Failure>, TokenError> {
        let deps = self.deps.tokens();
        let stored = async {
            wanted.check(tokens, flow, endpoint, &deps).await?;
            wanted.keep(tokens, flow, &deps).await
        };
        match stored.await {
            Ok(()) => Ok(Ok(())),
            Err(GrantError::Token(error)) => Err(error),
            Err(GrantError::Store(error)) => Ok(Err(error.into())),
        }
    }

    fn refused(&self, trouble: Trouble, wanted: &ConsentRequest<'_>) -> Failure {
        Failure::failed(wanted.with_args(trouble).in_full(self.language))
    }
}

/// A progress bar that shows the remaining seconds, if a person can see it.
fn countdown(lifetime: Duration) -> ProgressBar {
    let bar = if is_interactive() { ProgressBar::new(lifetime.as_secs()) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} waiting, {msg} left") {
        bar.set_style(style);
    }
    bar
}

async fn tick(bar: &ProgressBar, pause: Duration) {
    let until = tokio::time::Instant::now() + pause;
    while tokio::time::Instant::now() < until {
        let left = Duration::from_secs(bar.length().unwrap_or(0)).saturating_sub(bar.elapsed());
        bar.set_message(crate::duration::format(Duration::from_secs(left.as_secs())));
        bar.tick();
        tokio::time::sleep(Duration::from_secs(1).min(until - tokio::time::Instant::now())).await;
    }
}
