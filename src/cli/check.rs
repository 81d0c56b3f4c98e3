//! `mailferry check`

use std::process::ExitCode;

use serde::Serialize;

use super::output::{Output, print};
use super::{Failure, app};
use crate::config::{self, Application, Config, Overrides};
use crate::http;
use crate::locale::Language;
use crate::oauth::Provider;

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
    let store = match app::store(&config).await {
        Ok(store) => store,
        Err(error) => return tell("database", Err(error.into())),
    };
    let place =
        store.sqlite_file().map_or_else(|| "PostgreSQL".to_owned(), |file| format!("SQLite, {}", file.display()));
    tell("database", Ok(format!("{place}, its schema is up to date")));
    match app::vault(&config, &store).await {
        Ok(vault) => {
            let place = app::key_location(&config, &store);
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
