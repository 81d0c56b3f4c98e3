//! Warns of expiring secrets and consents.

use crate::clock::Timestamp;
use crate::config::{Application, OAuth};
use crate::locale::{self, Language};
use crate::store::{Grant, GrantKind};
use serde::Serialize;

/// The kind of credential that expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpiringCredential {
    /// The application's client secret, which all of its mailboxes use.
    ClientSecret,
    /// A consent that the provider ends if it is not used.
    UnusedConsent,
    /// A consent to an application that is in testing at Google.
    GoogleTesting,
    /// A consent with a time limit.
    TimedConsent,
}

impl ExpiringCredential {
    /// The name in JSON, metrics and the language files.
    pub fn id(self) -> &'static str {
        match self {
            Self::ClientSecret => "client-secret",
            Self::UnusedConsent => "unused-consent",
            Self::GoogleTesting => "google-testing",
            Self::TimedConsent => "timed-consent",
        }
    }
}

/// A credential that expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    #[serde(rename = "what")]
    pub credential: ExpiringCredential,
    pub ends_at: Timestamp,
    /// Whole days until the expiry; negative after it.
    pub days_left: i64,
    /// The current warning level: 30, 7, 1 or 0 days; `None` if the expiry is further away, or regular use prevents it.
    pub warning: Option<i64>,
}

/// Warning levels, in days before the expiry.
const WARNINGS: [i64; 4] = [0, 1, 7, 30];
/// Lifetime of a consent to an application in testing (Google, "refresh token expiration").
const TESTING_DAYS: i64 = 7;
const DAY_MS: i64 = 24 * 3600 * 1000;

impl Forecast {
    fn new(credential: ExpiringCredential, ends_at: Timestamp, now: Timestamp) -> Self {
        let days_left = (ends_at.0 - now.0).div_euclid(DAY_MS);
        Self { credential, ends_at, days_left, warning: WARNINGS.into_iter().find(|days| days_left <= *days) }
    }

    /// The warning as text.
    pub fn in_words(&self, provider: &str, identity: &str, language: Language) -> String {
        let name = format!("{}-{}", if self.days_left < 0 { "ended" } else { "ends" }, self.credential.id());
        let args = [("provider", provider), ("identity", identity), ("days", &self.days_left.to_string())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        locale::message(language, &name, None, &args.into())
    }
}

/// The expiring credentials of an application and, if given, of a grant. Pure.
pub fn forecast(app: &Application, grant: Option<&Grant>, now: Timestamp) -> Vec<Forecast> {
    let mut all = Vec::new();
    if let Some(day) = app.client_secret_expires {
        // The portal shows only the day, so the secret counts as expired from the beginning of that day.
        let end = Timestamp::from_datetime(day.at(0, 0, 0, 0));
        all.push(Forecast::new(ExpiringCredential::ClientSecret, end, now));
    }
    let Some(grant) = grant.filter(|grant| grant.key.kind == GrantKind::Delegated && grant.refresh_sealed.is_some())
    else {
        return all;
    };
    if let (Some(used), days @ 1..) = (grant.refreshed_at, i64::from(app.refresh_token_days)) {
        let ending = Forecast::new(ExpiringCredential::UnusedConsent, Timestamp(used.0 + days * DAY_MS), now);
        // Each use extends the consent, so a consent in regular use needs no warning.
        let is_used = now.0 - used.0 < DAY_MS;
        all.push(Forecast { warning: ending.warning.filter(|_| !is_used), ..ending });
    }
    if let Some(end) = grant.consent_ends_at {
        all.push(Forecast::new(ExpiringCredential::TimedConsent, end, now));
    }
    if let (Some(consented), true) = (grant.consented_at, app.testing) {
        all.push(Forecast::new(ExpiringCredential::GoogleTesting, Timestamp(consented.0 + TESTING_DAYS * DAY_MS), now));
    }
    all
}

/// All expiring credentials of the registered applications and the active grants, each with its provider and identity.
/// The identity of an application's credential is empty. Pure.
pub fn all_forecasts(config: &OAuth, grants: &[Grant], now: Timestamp) -> Vec<(String, String, Forecast)> {
    let mut all = Vec::new();
    for (name, app) in config.providers.iter().filter(|(_, app)| !app.client_id.is_empty()) {
        all.extend(forecast(app, None, now).into_iter().map(|ending| (name.clone(), String::new(), ending)));
    }
    for grant in grants {
        let Some(app) = config.providers.get(&grant.key.provider) else { continue };
        let grant_endings = forecast(app, Some(grant), now)
            .into_iter()
            .filter(|ending| ending.credential != ExpiringCredential::ClientSecret);
        all.extend(grant_endings.map(|ending| (grant.key.provider.clone(), grant.key.identity.clone(), ending)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::GrantKey;

    const NOW: Timestamp = Timestamp(1_795_000_000_000); // 2026-11-18 10:26:40 UTC

    fn grant(days_ago: i64) -> Grant {
        let at = Some(Timestamp(NOW.0 - days_ago * DAY_MS));
        Grant {
            id: 1,
            key: GrantKey { provider: "p".into(), kind: GrantKind::Delegated, identity: "a@b.se".into() },
            flow: None,
            refresh_sealed: Some(vec![]),
            access_sealed: None,
            access_expires_at: NOW,
            renew_at: NOW,
            consented_at: at,
            consent_ends_at: None,
            refreshed_at: at,
            problem: None,
            problem_since: None,
            needs_consent: false,
            retry_at: None,
            provider_retry_at: None,
            failures: 0,
            version: 1,
        }
    }

    #[test]
    fn warnings_come_at_30_7_and_1_days() {
        let secret = |year, month, day| {
            let date = jiff::civil::date(year, month, day);
            let app = Application { client_secret_expires: Some(date), ..Application::default() };
            let [one] = &forecast(&app, None, NOW)[..] else { panic!() };
            (one.days_left, one.warning)
        };
        assert_eq!(secret(2027, 11, 19), (365, None));
        assert_eq!(secret(2026, 12, 20), (31, None));
        assert_eq!(secret(2026, 12, 19), (30, Some(30)));
        assert_eq!(secret(2026, 11, 27), (8, Some(30)));
        assert_eq!(secret(2026, 11, 26), (7, Some(7)));
        assert_eq!(secret(2026, 11, 20), (1, Some(1)));
        assert_eq!(secret(2026, 11, 19), (0, Some(0)));
        assert_eq!(secret(2026, 11, 18), (-1, Some(0)));
    }

    #[test]
    fn a_consent_ends_unused_and_in_testing() {
        let app = Application { refresh_token_days: 90, ..Application::default() };
        let warned = |days_ago| forecast(&app, Some(&grant(days_ago)), NOW)[0].warning;
        assert_eq!([0, 59, 60, 83, 89, 91].map(warned), [None, None, Some(30), Some(7), Some(1), Some(0)]);
        let testing = Application { testing: true, ..Application::default() };
        let [one] = &forecast(&testing, Some(&grant(2)), NOW)[..] else { panic!() };
        assert_eq!((one.credential, one.days_left, one.warning), (ExpiringCredential::GoogleTesting, 5, Some(7)));
        let short = Application { refresh_token_days: 20, ..Application::default() };
        let warned = |days_ago| forecast(&short, Some(&grant(days_ago)), NOW)[0].warning;
        assert_eq!([0, 1, 13].map(warned), [None, Some(30), Some(7)], "a consent in use causes no warning");
        let timed = Grant { consent_ends_at: Some(Timestamp(NOW.0 + 7 * DAY_MS)), ..grant(0) };
        let [_, one] = &forecast(&app, Some(&timed), NOW)[..] else { panic!() };
        assert_eq!((one.credential, one.warning), (ExpiringCredential::TimedConsent, Some(7)));
        let unconnected = Grant { refresh_sealed: None, ..grant(2) };
        assert_eq!(forecast(&testing, Some(&unconnected), NOW), []);
    }
}
