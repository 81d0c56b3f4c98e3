//! The login of a mailbox: a password, never as an argument, or access tokens of a provider.

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
    /// Log in with access tokens of this provider instead of a password (microsoft, google, or one from your configuration)
    #[arg(long, value_name = "PROVIDER")]
    oauth: Option<String>,
    /// Use the application's own right to the mailbox, without a person's consent (Microsoft: IMAP.AccessAsApp)
    #[arg(long, conflicts_with = "login_identity")]
    app_only: bool,
    /// Account that consents and logs in, e.g. a member of a shared mailbox [default: the address]
    #[arg(long, value_name = "ADDRESS")]
    login_identity: Option<Address>,
}

impl LoginArgs {
    /// Refuses the options that need --oauth if --oauth is not given.
    pub fn check(&self) -> Result<(), Failure> {
        match self.oauth.is_none() && (self.app_only || self.login_identity.is_some()) {
            true => Err(Failure::usage("--app-only and --login-identity need --oauth PROVIDER")),
            false => Ok(()),
        }
    }

    /// Whether a login is given.
    pub fn is_given(&self) -> bool {
        self.is_by_password() || self.oauth.is_some()
    }

    /// Whether a password is given.
    pub fn is_by_password(&self) -> bool {
        self.password_file.is_some() || self.password_stdin
    }

    /// The default mail server of the provider.
    pub fn imap_host(&self, config: &config::OAuth) -> Result<Option<String>, Failure> {
        let Some(name) = &self.oauth else { return Ok(None) };
        self.grant(name).imap_host(config).map_err(to_failure)
    }

    /// The login of a new mailbox; `None` if none is given.
    pub fn new_login(&self, address: &Address, config: &config::OAuth) -> Result<Option<NewLogin>, Failure> {
        let Some(name) = &self.oauth else {
            self.check()?;
            let password = secret::read(self.password_file.as_deref(), self.password_stdin)?;
            return Ok(password.map(NewLogin::Password));
        };
        let key = self.grant(name).key(address, config).map_err(to_failure)?;
        Ok(Some(NewLogin::OAuth(key)))
    }

    fn grant<'a>(&'a self, provider: &'a str) -> GrantRequest<'a> {
        GrantRequest { provider, app_only: self.app_only, identity: self.login_identity.as_ref() }
    }

    /// The new login of an existing mailbox; `None` if it does not change. An option that is not given keeps its value.
    pub fn change(
        &self,
        before: &Login,
        address: &Address,
        config: &config::OAuth,
    ) -> Result<Option<NewLogin>, Failure> {
        match (before, &self.oauth) {
            (Login::OAuth { key, .. }, None) if self.app_only || self.login_identity.is_some() => {
                let same_provider = Self {
                    oauth: Some(key.provider.clone()),
                    password_file: None,
                    login_identity: self.login_identity.clone(),
                    ..*self
                };
                same_provider.new_login(address, config)
            }
            _ => self.new_login(address, config),
        }
    }
}

fn to_failure(why: Invalid) -> Failure {
    Failure::usage(why.words(Language::from_environment()))
}
