//! What a mailbox is opened with: a password, never as an argument, or access tokens of a provider.

use std::path::PathBuf;

use clap::Args;

use super::super::secret;
use super::Failure;
use crate::address::Address;
use crate::config;
use crate::fact::{Fact, Invalid};
use crate::locale::Language;
use crate::oauth::grant_request::GrantRequest;
use crate::store::{Login, NewLogin};

#[derive(Args)]
pub struct LoginArgs {
    /// Read the password from this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["password_stdin", "oauth"])]
    password_file: Option<PathBuf>,
    /// Read the password from standard input
    #[arg(long, conflicts_with = "oauth")]
    password_stdin: bool,
    /// No password: log in with access tokens of this provider (microsoft, google, or one of your configuration)
    #[arg(long, value_name = "PROVIDER")]
    oauth: Option<String>,
    /// The application itself has the right to the mailbox, and nobody consents (Microsoft: IMAP.AccessAsApp)
    #[arg(long, conflicts_with = "login_identity")]
    app_only: bool,
    /// The account that consents and logs in, e.g. a member of a shared mailbox [default: the address]
    #[arg(long, value_name = "ADDRESS")]
    login_identity: Option<Address>,
}

impl LoginArgs {
    /// Refuses what goes only with something that is not given.
    pub fn check(&self) -> Result<(), Failure> {
        match self.oauth.is_none() && (self.app_only || self.login_identity.is_some()) {
            true => Err(Failure::usage("--app-only and --login-identity go with --oauth PROVIDER")),
            false => Ok(()),
        }
    }

    /// Whether one is given.
    pub fn is_given(&self) -> bool {
        self.is_by_password() || self.oauth.is_some()
    }

    /// Whether it is a password.
    pub fn is_by_password(&self) -> bool {
        self.password_file.is_some() || self.password_stdin
    }

    /// The usual mail server of the provider.
    pub fn imap_host(&self, config: &config::OAuth) -> Result<Option<String>, Failure> {
        let Some(name) = &self.oauth else { return Ok(None) };
        self.grant(name).imap_host(config).map_err(unusable)
    }

    /// For a new mailbox; `None` if nothing is given.
    pub fn new_login(&self, address: &Address, config: &config::OAuth) -> Result<Option<NewLogin>, Failure> {
        let Some(name) = &self.oauth else {
            self.check()?;
            let password = secret::read(self.password_file.as_deref(), self.password_stdin)?;
            return Ok(password.map(NewLogin::Password));
        };
        let key = self.grant(name).key(address, config).map_err(unusable)?;
        Ok(Some(NewLogin::OAuth(key)))
    }

    fn grant<'a>(&'a self, provider: &'a str) -> GrantRequest<'a> {
        GrantRequest { provider, app_only: self.app_only, identity: self.login_identity.as_ref() }
    }

    /// For a mailbox that is there; what is not named stays.
    pub fn changed(
        &self,
        before: &Login,
        address: &Address,
        config: &config::OAuth,
    ) -> Result<Option<NewLogin>, Failure> {
        match (before, &self.oauth) {
            (Login::OAuth { key, .. }, None) if self.app_only || self.login_identity.is_some() => {
                let named = Self {
                    oauth: Some(key.provider.clone()),
                    password_file: None,
                    login_identity: self.login_identity.clone(),
                    ..*self
                };
                named.new_login(address, config)
            }
            _ => self.new_login(address, config),
        }
    }
}

fn unusable(why: Invalid) -> Failure {
    Failure::usage(why.words(Language::of_the_terminal()))
}
