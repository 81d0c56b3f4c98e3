//! Reads the layers of the configuration in their order.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};

use url::{Host, Url};

use super::{Config, DEFAULTS, Sso, problems};
use crate::address::Address;

/// Values from the command line.
#[derive(Debug, Default)]
pub struct Overrides {
    /// `--config`
    pub file: Option<PathBuf>,
    /// `--database`
    pub database_url: Option<String>,
}

/// The configuration, or all errors in it, one per line.
pub fn load(overrides: &Overrides) -> Result<Config, Vec<String>> {
    let mut layers = Figment::new();
    if let Some(file) = &overrides.file {
        layers = layers.merge(Toml::string(&read(file)?));
    }
    // Two underscores separate section and key, so that keys may contain a single one.
    layers = layers.merge(Env::prefixed("MAILFERRY__").split("__"));
    if let Some(url) = &overrides.database_url {
        layers = layers.merge(Serialized::default("database.url", url));
    }
    let names = |value: &Value, path: &str| source(&layers, value, path, overrides.file.as_deref());
    let problems = problems::in_layers(&layers, &names);
    if !problems.is_empty() {
        return Err(problems);
    }
    let config: Config = Figment::from(Toml::string(DEFAULTS))
        .merge(&layers)
        .extract()
        .map_err(|errors| errors.into_iter().map(|error| error.to_string()).collect::<Vec<_>>())?;
    check(&config).map(|()| config)
}

fn read(file: &Path) -> Result<String, Vec<String>> {
    let error = |message: String| vec![format!("{}: {message}", file.display())];
    let text = std::fs::read_to_string(file).map_err(|cause| error(format!("cannot be read: {cause}")))?;
    match Figment::from(Toml::string(&text)).extract::<Dict>() {
        Ok(_) => Ok(text),
        // The parser's own message quotes the line, which may contain a secret: only report the position.
        Err(toml) => Err(error(format!("it is not valid TOML{}", position(&toml.to_string())))),
    }
}

/// The name of a key with its source, so that the reader knows where to fix it.
fn source(layers: &Figment, value: &Value, path: &str, file: Option<&Path>) -> String {
    let from_env = layers.get_metadata(value.tag()).is_some_and(|m| m.name.contains("environment"));
    match file {
        _ if from_env => format!("{path} (MAILFERRY__{})", path.to_uppercase().replace('.', "__")),
        Some(file) => format!("{}: {path}", file.display()),
        None => path.to_owned(),
    }
}

/// Checks the rules that the types of the values cannot express, and those that involve several keys.
fn check(config: &Config) -> Result<(), Vec<String>> {
    let mut problems = Vec::new();
    let url = &config.database.url;
    if !(url.starts_with("sqlite:") || url.starts_with("postgres:") || url.starts_with("postgresql:")) {
        problems.push("database.url: must start with sqlite:// or postgres://".to_owned());
    }
    if config.limits.literal.0 < 2 << 20 {
        problems.push("limits.literal: must be at least 2MiB, or ordinary mail cannot be fetched".to_owned());
    }
    if config.limits.line.0 < 64 << 10 {
        problems.push("limits.line: must be at least 64KiB, or long lists of UIDs cannot be received".to_owned());
    }
    if config.limits.answer_bytes.0 < 4 << 20 {
        problems.push(
            "limits.answer_bytes: must be at least 4MiB, or the folder list of a large account cannot be received"
                .to_owned(),
        );
    }
    for (key, bytes) in [("poll_bytes", config.limits.poll_bytes), ("daily_bytes", config.limits.daily_bytes)] {
        if bytes.0 < 8 << 20 {
            problems.push(format!(
                "limits.{key}: must be at least 8MiB, or a large mail could never be fetched completely"
            ));
        }
    }
    let page = config.http.base();
    if !page
        .as_ref()
        .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.path() == "/" && url.query().is_none())
    {
        problems.push("http.url: must be like https://mailferry.example.se, without a path".to_owned());
    }
    let domain = &config.http.inbox_domain;
    if !domain.is_empty() && format!("inbox@{domain}").parse::<Address>().is_err() {
        problems.push("http.inbox_domain: must be a domain, e.g. mail.example.se".to_owned());
    }
    if config.egress.ports.contains(&0) {
        problems.push("egress.ports: 0 is not a port".to_owned());
    }
    if config.sso.is_on() && !is_issuer(&config.sso) {
        problems.push(
            "sso.issuer: must begin with https:// (plain http only to 127.0.0.1 and with allow_http_loopback)"
                .to_owned(),
        );
    }
    if config.sso.is_on() && config.sso.client_id.is_empty() {
        problems.push("sso.client_id: is required with sso.issuer".to_owned());
    }
    if !["email", "preferred_username", "sub"].contains(&config.sso.claim.as_str()) {
        problems.push("sso.claim: must be email, preferred_username or sub".to_owned());
    }
    problems.extend(config.delivery.problems());
    problems.extend(config.oauth.problems());
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Whether an issuer URL is acceptable.
fn is_issuer(sso: &Sso) -> bool {
    let Ok(url) = Url::parse(&sso.issuer) else { return false };
    let is_loopback = url.host() == Some(Host::Ipv4(std::net::Ipv4Addr::LOCALHOST));
    url.scheme() == "https" || (url.scheme() == "http" && sso.allow_http_loopback && is_loopback)
}

/// The position that the parser's message contains, as ` (line 3, column 7)`.
fn position(message: &str) -> String {
    let number = |after: &str| -> Option<u32> {
        let (_, rest) = message.lines().next()?.split_once(after)?;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    match (number("line "), number("column ")) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_reported_by_position_without_its_secrets() {
        for text in ["[vault]\nkey = \"kanarie\n", "[database]\nurl = \"postgres://u:kanarie@h/d\" junk\n"] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            let overrides = Overrides { file: Some(file.path().to_owned()), ..Overrides::default() };
            let message = load(&overrides).unwrap_err().join("\n");
            assert!(message.contains("line 2") && !message.contains("kanarie"), "{message}");
        }
    }
}
