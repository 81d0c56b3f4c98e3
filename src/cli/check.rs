//! `mailferry check`

use std::process::ExitCode;

use serde::Serialize;

use super::output::{Output, print};
use super::{Failure, serve};
use crate::config::{self, Application, Config, Overrides};
use crate::http;
use crate::locale::Language;
use crate::oauth::Provider;
use crate::schedule::housekeeping;
use crate::store::Store;
use crate::wiring;

#[derive(clap::Args)]
pub struct Args {
    /// Print every configuration key with its default, and check nothing
    #[arg(long)]
    defaults: bool,
}

/// The result of one check.
enum Finding {
    Good(String),
    /// The check passed, but an operator should look at the finding.
    Warning(String),
    Wrong(Failure),
}

impl From<Result<String, Failure>> for Finding {
    fn from(result: Result<String, Failure>) -> Self {
        match result {
            Ok(detail) => Self::Good(detail),
            Err(failure) => Self::Wrong(failure),
        }
    }
}

#[derive(Serialize)]
struct Line {
    step: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    detail: String,
}

pub async fn run(args: &Args, overrides: &Overrides, output: Output) -> Result<ExitCode, Failure> {
    if args.defaults {
        print(config::DEFAULTS)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut exit_code = ExitCode::SUCCESS;
    let mut printed = Ok(());
    let report = &mut |step, finding| {
        let (ok, warning, mark, details) = match finding {
            Finding::Good(detail) => (true, false, "ok    ", vec![detail]),
            Finding::Warning(detail) => (true, true, "WARN  ", vec![detail]),
            Finding::Wrong(failure) => {
                exit_code = failure.code();
                (false, false, "WRONG ", failure.into_lines())
            }
        };
        for detail in details {
            let line = Line { step, ok, warning, detail };
            if printed.is_ok() {
                printed = output.object(&line, || format!("{mark}  {step}: {}", line.detail));
            }
        }
    };
    run_checks(overrides, report).await;
    printed?;
    Ok(exit_code)
}

/// Runs every check in turn, and stops at a failed check if the later checks depend on it.
async fn run_checks(overrides: &Overrides, report: &mut impl FnMut(&'static str, Finding)) {
    let config = match config::load(overrides) {
        Ok(config) => config,
        Err(problems) => return report("configuration", Finding::Wrong(Failure::configuration(problems))),
    };
    report("configuration", Finding::Good("every key is known and has a valid value".to_owned()));
    for warning in http::warnings(&config.http) {
        report("page", Finding::Warning(warning));
    }
    for (name, app) in config.oauth.providers.iter().filter(|(_, app)| !app.client_id.is_empty()) {
        report("oauth", describe_application(&config, name, app).into());
    }
    // `serve` calls the same functions, so that neither accepts a configuration that the other refuses.
    let page = serve::page(&config).map(|page| format!("served at {}", page.link("/")));
    report("page", page.into());
    report("listen", serve::can_listen(&config).into());
    let store = match wiring::store(&config).await {
        Ok(store) => store,
        Err(error) => return report("database", Finding::Wrong(error.into())),
    };
    let database =
        store.sqlite_file().map_or_else(|| "PostgreSQL".to_owned(), |file| format!("SQLite, {}", file.display()));
    report("database", Finding::Good(format!("{database}, schema is up to date")));
    if store.sqlite_file().is_some() {
        check_files(&store, report);
    }
    let runs = store.housekeeping_runs().await;
    report("housekeeping", runs.map(|runs| housekeeping::last_run(&runs)).map_err(Failure::from).into());
    match wiring::vault(&config, &store).await {
        Ok(vault) => {
            let location = wiring::key_location(&config, &store);
            let location =
                location.key_file_path().map_or_else(|| "vault.key".to_owned(), |path| path.display().to_string());
            let key = vault.sealing_key_id().unwrap_or_default();
            report("key", Finding::Good(format!("{location}, key {key}, {} in all", vault.key_count())));
            let opened = store.open_secrets(&vault).await;
            let secrets = opened.map(|count| format!("{count} passwords and tokens stored, the key opens all of them"));
            report("secrets", secrets.map_err(Failure::from).into());
        }
        Err(error) => report("key", Finding::Wrong(error.into())),
    }
    store.close().await;
}

/// Checks whether other users of this machine can read the database. [`Store::open`] has already corrected the permissions
/// that it could correct.
fn check_files(store: &Store, report: &mut impl FnMut(&'static str, Finding)) {
    for exposed in store.exposed() {
        let detail = exposed.to_string();
        let is_harmless = exposed.is_harmless();
        report("files", if is_harmless { Finding::Good(detail) } else { Finding::Wrong(Failure::failed(detail)) });
    }
    if store.exposed().is_empty() {
        report("files", Finding::Good("no other user of this machine can read the database".to_owned()));
    }
}

/// Describes a registered application, as far as possible without a request to its provider.
///
/// # Errors
/// The secret cannot be read.
fn describe_application(config: &Config, name: &str, app: &Application) -> Result<String, Failure> {
    let secret = Provider::named(&config.oauth, name).and_then(|provider| provider.secret());
    let secret =
        secret.map_err(|trouble| Failure::configuration(vec![trouble.in_full(Language::from_environment())]))?;
    let secret = if secret.is_some() { "with a secret" } else { "without a secret (a public client)" };
    let expiry = app.client_secret_expires.map_or_else(
        || format!("; its expiry date is not set (oauth.providers.{name}.client_secret_expires), so Mailferry cannot warn before it expires"),
        |day| format!(", which expires on {day}"),
    );
    let expiry = if secret.starts_with("without") { String::new() } else { expiry };
    Ok(format!("{name}: application {}, {secret}{expiry}", app.client_id))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use figment::Figment;
    use figment::providers::{Format, Toml};
    use figment::value::{Dict, Value};

    use super::*;
    use crate::clock::Timestamp;

    /// Collects the paths of all keys below a value of the defaults.
    fn keys(path: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Dict(_, entries) if !path.ends_with(".authorize_params") => {
                for (key, value) in entries {
                    keys(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value, found);
                }
            }
            _ => found.push(path.to_owned()),
        }
    }

    fn overrides(folder: &Path, key: &str, value: &str) -> Overrides {
        let (section, name) = key.rsplit_once('.').unwrap();
        let mut text = format!("[{section}]\n{name} = {value}\n");
        if key != "database.url" {
            text += &format!("[database]\nurl = \"sqlite://{}\"\n", folder.join("t.db").display());
        }
        if section != "http" {
            text += "[http]\nlisten = \"127.0.0.1:0\"\n";
        }
        let file = folder.join("mailferry.toml");
        std::fs::write(&file, text).unwrap();
        Overrides { file: Some(file), database_url: None }
    }

    /// Whether `serve` fails at one of the steps before it answers requests.
    async fn serve_refuses(overrides: &Overrides) -> bool {
        let Ok(config) = config::load(overrides) else { return true };
        if serve::page(&config).is_err() || serve::can_listen(&config).is_err() {
            return true;
        }
        let Ok(store) = wiring::store(&config).await else { return true };
        let refuses = wiring::vault(&config, &store).await.is_err();
        store.close().await;
        refuses
    }

    async fn check_refuses(overrides: &Overrides) -> bool {
        let mut wrong = false;
        run_checks(overrides, &mut |_, finding| wrong |= matches!(finding, Finding::Wrong(_))).await;
        wrong
    }

    #[tokio::test]
    async fn check_refuses_exactly_the_values_that_serve_refuses_for_every_key() {
        let folder = tempfile::tempdir().unwrap();
        let defaults = Value::from(Figment::from(Toml::string(config::DEFAULTS)).extract::<Dict>().unwrap());
        let mut all = Vec::new();
        keys("", &defaults, &mut all);
        assert!(all.len() > 60, "{}", all.len());
        let mut refused = 0;
        for key in &all {
            for value in ["\"kanarie, ej rätt\"", "0", "-1", "true", "[1]", "[\"x\"]", "\"\""] {
                let overrides = overrides(folder.path(), key, value);
                let by_serve = serve_refuses(&overrides).await;
                assert_eq!(check_refuses(&overrides).await, by_serve, "{key} = {value}");
                refused += usize::from(by_serve);
            }
        }
        assert!(refused > 3 * all.len(), "{refused}");
    }

    #[tokio::test]
    async fn check_shows_when_housekeeping_last_ran() {
        let folder = tempfile::tempdir().unwrap();
        let overrides = overrides(folder.path(), "schedule.parallel", "7");
        let housekeeping_line = async || {
            let mut shown = Vec::new();
            run_checks(&overrides, &mut |step, finding| {
                if let ("housekeeping", Finding::Good(detail)) = (step, finding) {
                    shown.push(detail);
                }
            })
            .await;
            shown
        };
        assert_eq!(housekeeping_line().await, ["has not run yet; `mailferry serve` runs it every hour"]);
        let store = wiring::store(&config::load(&overrides).ok().unwrap()).await.unwrap();
        housekeeping::run(&store, std::time::Duration::ZERO, Timestamp(1_800_000_000_000)).await.unwrap();
        store.close().await;
        assert_eq!(housekeeping_line().await, ["last run 2027-01-15T08:00:00Z, nothing to remove"]);
    }

    #[tokio::test]
    async fn the_page_address_is_ok_and_a_missing_proxy_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let page_lines = async |key: &str, value: &str| {
            let overrides = overrides(folder.path(), key, value);
            let mut lines = Vec::new();
            run_checks(&overrides, &mut |step, finding| match finding {
                Finding::Good(detail) if step == "page" => lines.push(("good", detail)),
                Finding::Warning(detail) => lines.push(("warning", detail)),
                _ => {}
            })
            .await;
            lines
        };
        let [(mark, address)] = &page_lines("http.listen", "\"127.0.0.1:0\"").await[..] else { panic!("one line") };
        assert!(*mark == "good" && address.starts_with("served at http://"), "{mark} {address}");
        let [(first, warning), (second, address)] = &page_lines("http.url", "\"https://mailferry.example\"").await[..]
        else {
            panic!("two lines")
        };
        assert!(*first == "warning" && warning.contains("http.trusted_proxies"), "{first} {warning}");
        assert!(*second == "good" && address.ends_with("https://mailferry.example/"), "{second} {address}");
    }

    #[tokio::test]
    async fn invalid_values_are_refused_by_both() {
        let folder = tempfile::tempdir().unwrap();
        for (key, value) in [
            ("smtp.tls", "\"bad\""),
            ("smtp.from", "\"nobody\""),
            ("http.url", "\"mailferry.example\""),
            ("http.listen", "\"192.0.2.7:8025\""),
            ("http.inbox_domain", "\"two words\""),
            ("sso.issuer", "\"kanarie\""),
            ("sso.issuer", "\"http://login.example.se\""),
            ("egress.ports", "[143, 0]"),
            ("database.url", "\"sqlite:///dev/null/x.db\""),
            ("vault.key_file", "\"no-such-file\""),
            ("vault.key", "\"no key\""),
            ("schedule.least_interval", "\"1ns\""),
        ] {
            let overrides = overrides(folder.path(), key, value);
            assert!(serve_refuses(&overrides).await, "serve accepts {key} = {value}");
            assert!(check_refuses(&overrides).await, "check accepts {key} = {value}");
        }
    }
}
