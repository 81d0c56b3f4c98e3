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
    /// Print every configuration key with its default instead
    #[arg(long)]
    defaults: bool,
}

/// The step that has nothing but warnings.
const PAGE: &str = "page";

#[derive(Serialize)]
struct Line {
    step: &'static str,
    ok: bool,
    /// It works, and had better be looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    detail: String,
}

pub async fn run(args: &Args, overrides: &Overrides, output: Output) -> Result<ExitCode, Failure> {
    if args.defaults {
        print(config::DEFAULTS)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut worst = None;
    let mut told = Ok(());
    let tell = &mut |step, result: Result<String, Failure>| {
        let ok = result.is_ok();
        let details = match result {
            Ok(detail) => vec![detail],
            Err(failure) => {
                worst = Some(failure.code());
                failure.into_lines()
            }
        };
        for detail in details {
            let warning = step == PAGE;
            let line = Line { step, ok, warning, detail };
            let mark = match (ok, warning) {
                (false, _) => "WRONG ",
                (true, true) => "LOOK  ",
                (true, false) => "ok    ",
            };
            let words = || format!("{mark}  {step}: {}", line.detail);
            if told.is_ok() {
                told = output.one(&line, words);
            }
        }
    };
    walk(overrides, tell).await;
    told?;
    Ok(worst.unwrap_or(ExitCode::SUCCESS))
}

/// Looks at one thing after the other, as far as one needs the other.
async fn walk(overrides: &Overrides, tell: &mut impl FnMut(&'static str, Result<String, Failure>)) {
    let config = match config::load(overrides) {
        Ok(config) => config,
        Err(problems) => return tell("configuration", Err(Failure::configuration(problems))),
    };
    tell("configuration", Ok("every key is known and makes sense".to_owned()));
    for warning in http::warnings(&config.http) {
        tell(PAGE, Ok(warning));
    }
    for (name, app) in config.oauth.providers.iter().filter(|(_, app)| !app.client_id.is_empty()) {
        tell("oauth", application(&config, name, app));
    }
    // By the same functions as `serve`, so that neither takes what the other refuses.
    let page = serve::page(&config).map(|page| format!("people reach it at {}", page.link("/")));
    tell("page", page);
    tell("listen", serve::can_listen(&config));
    let store = match wiring::store(&config).await {
        Ok(store) => store,
        Err(error) => return tell("database", Err(error.into())),
    };
    let place =
        store.sqlite_file().map_or_else(|| "PostgreSQL".to_owned(), |file| format!("SQLite, {}", file.display()));
    tell("database", Ok(format!("{place}, its schema is up to date")));
    if store.sqlite_file().is_some() {
        files(&store, tell);
    }
    let runs = store.housekeeping_runs().await;
    tell("housekeeping", runs.map(|runs| housekeeping::last_run(&runs)).map_err(Failure::from));
    match wiring::vault(&config, &store).await {
        Ok(vault) => {
            let place = wiring::key_location(&config, &store);
            let place = place.file().map_or_else(|| "vault.key".to_owned(), |path| path.display().to_string());
            let key = vault.sealing_key().unwrap_or_default();
            tell("key", Ok(format!("{place}, key {key}, {} in all", vault.key_count())));
            let opened = store.open_secrets(&vault).await;
            let said =
                opened.map(|count| format!("{count} passwords and tokens stored, all of them open with the key"));
            tell("secrets", said.map_err(Failure::from));
        }
        Err(error) => tell("key", Err(error.into())),
    }
    store.close().await;
}

/// Whether other users of this machine can read what is stored. What could be closed to them is closed by now.
fn files(store: &Store, tell: &mut impl FnMut(&'static str, Result<String, Failure>)) {
    for exposed in store.exposed() {
        let said = exposed.to_string();
        tell("files", if exposed.is_harmless() { Ok(said) } else { Err(Failure::failed(said)) });
    }
    if store.exposed().is_empty() {
        tell("files", Ok("no other user of this machine can read the database".to_owned()));
    }
}

/// Whether a registered application can be used, as far as that shows without asking its provider.
fn application(config: &Config, name: &str, app: &Application) -> Result<String, Failure> {
    let secret = Provider::named(&config.oauth, name).and_then(|provider| provider.secret());
    let secret =
        secret.map_err(|trouble| Failure::configuration(vec![trouble.in_full(Language::of_the_terminal())]))?;
    let secret = if secret.is_some() { "with a secret" } else { "without a secret (a public client)" };
    let ends = app.client_secret_expires.map_or_else(
        || format!("; when it ends is not said (oauth.providers.{name}.client_secret_expires), so nobody is warned"),
        |day| format!(", which ends on {day}"),
    );
    let ends = if secret.starts_with("without") { String::new() } else { ends };
    Ok(format!("{name}: application {}, {secret}{ends}", app.client_id))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use figment::Figment;
    use figment::providers::{Format, Toml};
    use figment::value::{Dict, Value};

    use super::*;
    use crate::clock::Timestamp;

    /// The keys of the defaults, as paths.
    fn keys(path: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Dict(_, keys_of) if !path.ends_with(".authorize_params") => {
                for (key, value) in keys_of {
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

    /// What `serve` does before it answers.
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
        walk(overrides, &mut |_, result| wrong |= result.is_err()).await;
        wrong
    }

    #[tokio::test]
    async fn check_finds_wrong_what_serve_refuses_and_nothing_else_for_every_key() {
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
            walk(&overrides, &mut |step, result| {
                if step == "housekeeping" {
                    shown.push(result.ok().unwrap());
                }
            })
            .await;
            shown
        };
        assert_eq!(housekeeping_line().await, ["has not run yet; `mailferry serve` runs it every hour"]);
        let store = wiring::store(&config::load(&overrides).ok().unwrap()).await.unwrap();
        housekeeping::run(&store, Timestamp(1_800_000_000_000)).await.unwrap();
        store.close().await;
        assert_eq!(housekeeping_line().await, ["last run 2027-01-15T08:00:00Z, nothing to remove"]);
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused_by_both() {
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
            assert!(serve_refuses(&overrides).await, "serve takes {key} = {value}");
            assert!(check_refuses(&overrides).await, "check takes {key} = {value}");
        }
    }
}
