//! A request to open a mailbox with access tokens, before anybody has consented.

use super::Provider;
use crate::address::Address;
use crate::config;
use crate::fact::Invalid;
use crate::store::{GrantKey, GrantKind};

/// The requested grant.
pub struct GrantRequest<'a> {
    /// The provider's name in the configuration.
    pub provider: &'a str,
    /// Whether the application itself has the permission, without a person's consent.
    pub app_only: bool,
    /// The consenting account; `None` for the mailbox's own address.
    pub identity: Option<&'a Address>,
}

impl GrantRequest<'_> {
    /// The key of the grant for this mailbox.
    ///
    /// # Errors
    /// No application is registered with this provider, it has no app-only access, or the tenant is unknown.
    pub fn key(&self, address: &Address, config: &config::OAuth) -> Result<GrantKey, Invalid> {
        let name = self.provider;
        let provider = self.provider(config)?;
        if !self.app_only {
            let identity = self.identity.unwrap_or(address).to_string();
            return Ok(GrantKey { provider: name.to_owned(), kind: GrantKind::Delegated, identity });
        }
        let identity = provider.tenant_for(address);
        if identity.is_empty() {
            return Err(Invalid::NoTenant { provider: name.to_owned() });
        }
        if provider.app.app_only_scopes.is_empty() {
            return Err(Invalid::NoAppOnly { provider: name.to_owned() });
        }
        Ok(GrantKey { provider: name.to_owned(), kind: GrantKind::AppOnly, identity })
    }

    /// The provider's usual mail server, if any.
    ///
    /// # Errors
    /// No application is registered with this provider.
    pub fn imap_host(&self, config: &config::OAuth) -> Result<Option<String>, Invalid> {
        let host = &self.provider(config)?.app.imap_host;
        Ok((!host.is_empty()).then(|| host.clone()))
    }

    fn provider<'c>(&'c self, config: &'c config::OAuth) -> Result<Provider<'c>, Invalid> {
        Provider::named(config, self.provider).map_err(|trouble| Invalid::Provider(Box::new(trouble)))
    }
}
