//! The application that the tests register with an identity provider.

pub const CLIENT_ID: &str = "mailferry";
pub const CLIENT_SECRET: &str = "s3cret-of-the-app";

/// The configuration of a provider with its endpoints below this URL; `more` has additional lines.
pub fn provider(name: &str, base: &str, more: &str) -> String {
    format!(
        "[oauth.providers.{name}]\n\
         client_id = \"{CLIENT_ID}\"\n\
         client_secret = \"{CLIENT_SECRET}\"\n\
         authorize_url = \"{base}/authorize\"\n\
         token_url = \"{base}/token\"\n\
         revoke_url = \"{base}/revoke\"\n\
         scopes = [\"openid\", \"email\", \"offline_access\", \"mail\"]\n\
         app_only_scopes = [\"mail\"]\n\
         allow_http_loopback = true\n\
         {more}"
    )
}
