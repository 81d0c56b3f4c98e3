//! `mailferry serve`

use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Context, Failure};
use crate::{http, lifecycle, schedule};

pub async fn run(context: Context) -> Result<ExitCode, Failure> {
    let listener = http::bind(context.config.http.listen).map_err(Failure::failed)?;
    let (deps, config, output) = context.into_deps().await?;
    // A person may have mended what mailboxes wait for by changing the configuration.
    deps.store.wake_waiting(deps.clock.now()).await?;
    deps.store.ask_all_again().await?;
    for app in deps.store.app_problems().await? {
        let problem =
            crate::cause::Trouble::from_json(&app.problem).map(|trouble| trouble.to_string()).unwrap_or_default();
        tracing::error!(provider = app.provider, "no mailbox of this application gets a token: {problem}");
    }
    for warning in http::warnings(&config.http) {
        tracing::warn!("{warning}");
    }
    let deps = Arc::new(deps);
    let page = Arc::new(http::Settings::new(&config).map_err(Failure::failed)?);
    if let Some(link) = http::set_up_link(&deps.store, &page, deps.clock.now()).await? {
        // To whoever started it, and not to the log.
        output.one(&serde_json::json!({ "setup_link": link }), || {
            format!("Nobody has an account yet. Make the first one, within 24 hours, at\n\n    {link}\n")
        })?;
    }
    let stop = lifecycle::on_signals()?;
    let http_end = CancellationToken::new();
    tracing::info!(listen = %config.http.listen, "serving");
    let answering = tokio::spawn(http::serve(listener, deps.clone(), page, stop.clone(), http_end.clone()));
    tokio::join!(schedule::endings::watch(&deps, stop.clone()), schedule::run(deps.clone(), &config.schedule, stop));
    http_end.cancel();
    // An open connection of a watcher must not keep the program from ending.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), answering).await;
    deps.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
