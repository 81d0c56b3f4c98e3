//! `mailferry serve`

use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Context, Failure};
use crate::config::Config;
use crate::poll::{Deps, VisitThreads};
use crate::{http, lifecycle, schedule};

pub async fn run(context: Context) -> Result<ExitCode, Failure> {
    let page = Arc::new(page(&context.config)?);
    let listener = http::bind(context.config.http.listen).map_err(|error| Failure::failed(error.to_string()))?;
    let (mut deps, config, output) = context.into_deps().await?;
    deps.counts_login_attempts = true;
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
    if let Some(link) = http::set_up_link(&deps.store, &page, deps.clock.now()).await? {
        // To whoever started it, and not to the log.
        output.one(&serde_json::json!({ "setup_link": link }), || {
            format!("Nobody has an account yet. Make the first one, within 24 hours, at\n\n    {link}\n")
        })?;
    }
    let stopping = lifecycle::on_signals()?;
    let threads = VisitThreads::start()?;
    let visiting = visiting(&threads, &deps, config.database.url.clone()).await?;
    let visits = threads.visits(visiting.clone());
    let end = CancellationToken::new();
    tracing::info!(listen = %config.http.listen, "serving");
    let stop = http::Stop { stopping: stopping.clone(), end: end.clone() };
    let answering = tokio::spawn(http::serve(listener, deps.clone(), page, visits, stop));
    let polling = threads.run(schedule::run(visiting.clone(), config.schedule, stopping.clone()));
    let tidying = schedule::housekeeping::watch(&deps, stopping.clone());
    tokio::join!(schedule::endings::watch(&deps, stopping.clone()), tidying, polling);
    end.cancel();
    // An open connection of a watcher must not keep the program from ending.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), answering).await;
    threads.run(async move { visiting.close().await }).await;
    deps.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// What the configuration says of pages and of test mails; `mailferry check` makes it, too.
pub fn page(config: &Config) -> Result<http::Settings, Failure> {
    http::Settings::new(config).map_err(|problem| Failure::configuration(vec![problem]))
}

/// Whether `serve` could answer where it is told to. Where somebody answers already, that may be `serve` itself.
pub fn can_listen(config: &Config) -> Result<String, Failure> {
    let address = config.http.listen;
    match http::bind(address) {
        Ok(_) => Ok(format!("{address}, nobody listens there yet")),
        Err(http::BindError::InUse(_)) => {
            Ok(format!("{address}, where a program listens: Mailferry, or none of its own"))
        }
        Err(error) => Err(Failure::failed(error.to_string())),
    }
}

/// What polls, and all else that talks to mail servers, works with on threads of its own.
async fn visiting(threads: &VisitThreads, deps: &Arc<Deps>, database_url: String) -> Result<Arc<Deps>, Failure> {
    let deps = deps.clone();
    let visiting = threads.run(async move { deps.for_this_runtime(&database_url).await }).await;
    let visiting = visiting.ok_or_else(|| Failure::failed("the threads of polls have ended"))?;
    Ok(Arc::new(visiting?))
}
