//! A registered application at a provider: its URLs with the tenant filled in, and its secret.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::cause::{Cause, Trouble};
use crate::config::{Application, OAuth};
use crate::store::{GrantKey, GrantKind};

/// A usable application.
pub struct Provider<'a> {
    /// The provider's name in the configuration.
    pub name: &'a str,
    /// The application's configuration.
    pub app: &'a Application,
    tenant: String,
}

/// Microsoft's placeholders that stand for many tenants. App-only requests need a single tenant.
const MANY_TENANTS: [&str; 3] = ["organizations", "common", "consumers"];

impl<'a> Provider<'a> {
    /// The provider of this grant.
    pub fn for_grant(config: &'a OAuth, key: &'a GrantKey) -> Result<Self, Trouble> {
        let mut provider = Self::named(config, &key.provider)?;
        if key.kind == GrantKind::AppOnly {
            provider.tenant.clone_from(&key.identity);
        }
        Ok(provider)
    }

    /// The provider of this name, if an application is registered there.
    pub fn named(config: &'a OAuth, name: &str) -> Result<Self, Trouble> {
        match config.providers.get_key_value(name) {
            Some((name, app)) if !app.client_id.is_empty() => Ok(Self { name, app, tenant: app.tenant.clone() }),
            _ => {
                let known = config.providers.iter().filter(|(_, app)| !app.client_id.is_empty());
                let known: Vec<&str> = known.map(|(name, _)| name.as_str()).collect();
                let known = if known.is_empty() { "-".to_owned() } else { known.join(", ") };
                Err(Trouble::new(Cause::NotRegistered).with_arg("provider", name).with_arg("known", known))
            }
        }
    }

    /// A cause, with this provider and its application as arguments.
    pub fn trouble(&self, cause: Cause) -> Trouble {
        let args = [
            ("provider", self.name),
            ("family", self.app.family()),
            ("client_id", &self.app.client_id),
            ("tenant", &self.tenant),
        ];
        args.into_iter().fold(Trouble::new(cause), |trouble, (name, value)| trouble.with_arg(name, value))
    }

    /// The tenant for an app-only grant of this address: the configured one, or the address's domain, which Microsoft
    /// accepts as a tenant name.
    pub fn tenant_for(&self, address: &crate::address::Address) -> String {
        match MANY_TENANTS.contains(&self.app.tenant.as_str()) {
            true => address.domain().to_owned(),
            false => self.app.tenant.clone(),
        }
    }

    /// Fills in a URL template; `None` if the provider lacks this endpoint.
    pub fn url(&self, template: &str) -> Result<Option<Url>, Trouble> {
        if template.is_empty() {
            return Ok(None);
        }
        let tenant: String = url::form_urlencoded::byte_serialize(self.tenant.as_bytes()).collect();
        let url = Url::parse(&template.replace("{tenant}", &tenant)).ok().filter(|url| self.app.permits(url));
        url.map(Some).ok_or_else(|| self.trouble(Cause::TenantUnknown))
    }

    /// The token endpoint.
    pub fn token_url(&self) -> Result<Url, Trouble> {
        self.url(&self.app.token_url)?.ok_or_else(|| self.trouble(Cause::NotRegistered).with_arg("known", "-"))
    }

    /// The application's secret; `None` for a public client. The file is read each time, so that a new secret takes
    /// effect at once.
    pub fn secret(&self) -> Result<Option<SecretString>, Trouble> {
        let file = &self.app.client_secret_file;
        if file.as_os_str().is_empty() {
            let secret = &self.app.client_secret;
            return Ok((!secret.expose_secret().is_empty()).then(|| secret.clone()));
        }
        let unreadable = |reason: String| {
            self.trouble(Cause::SecretUnreadable).with_arg("file", file.display().to_string()).with_code(Some(reason))
        };
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.kind().to_string()))?;
        match text.trim() {
            "" => Err(unreadable("it is empty".to_owned())),
            secret => Ok(Some(SecretString::from(secret))),
        }
    }

    /// Whether an ID token or authorization response (RFC 9207) may have this issuer. Without a configured issuer,
    /// the issuer must have the same origin as the token endpoint.
    pub fn issued_by(&self, issuer: &str, tid: Option<&str>) -> bool {
        if !self.app.issuer.is_empty() {
            let wanted = self.app.issuer.replace("{tid}", tid.unwrap_or_default());
            // Google omits the scheme in some of its tokens.
            return issuer == wanted || wanted.strip_prefix("https://").is_some_and(|bare| issuer == bare);
        }
        match (Url::parse(issuer), self.token_url()) {
            (Ok(issuer), Ok(token)) => issuer.origin() == token.origin(),
            _ => false,
        }
    }
}
