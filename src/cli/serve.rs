//! `mailferry serve`

use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Context, Failure};
use crate::config::Config;
use crate::poll::{Deps, VisitThreads};
use crate::{http, lifecycle, schedule, wiring};

pub async fn run(context: Context) -> Result<ExitCode, Failure> {
    let page = Arc::new(page(&context.config)?);
    let listener = http::bind(context.config.http.listen).map_err(|error| Failure::failed(error.to_string()))?;
    let (mut deps, config, output) = context.into_deps().await?;
    deps.counts_login_attempts = true;
    // Mailboxes may wait for a person because of a problem that a changed configuration has fixed.
    deps.store.schedule_waiting_mailboxes(deps.clock.now()).await?;
    deps.store.clear_all_token_backoff().await?;
    for app in deps.store.app_problems().await? {
        let problem =
            crate::cause::Trouble::from_json(&app.problem).map(|trouble| trouble.to_string()).unwrap_or_default();
        tracing::error!(provider = app.provider, "no mailbox of this application gets a token: {problem}");
    }
    for warning in http::warnings(&config.http) {
        tracing::warn!("{warning}");
    }
    let deliver_deps = Arc::new(wiring::deliver_deps(&config, &deps).await?);
    let deps = Arc::new(deps);
    if let Some(link) = http::set_up_link(&deps.store, &page, deps.clock.now()).await? {
        // The link is a secret: it is printed but not logged.
        output.object(&serde_json::json!({ "setup_link": link }), || {
            format!("There are no users yet. Create the first one within 24 hours at\n\n    {link}\n")
        })?;
    }
    let stopping = lifecycle::on_signals()?;
    let threads = VisitThreads::start()?;
    let visit_deps = deps_for_visits(&threads, &deps, config.database.url.clone()).await?;
    let visits = threads.visits(visit_deps.clone());
    let end = CancellationToken::new();
    tracing::info!(listen = %config.http.listen, "serving");
    let stop = http::Stop { stopping: stopping.clone(), end: end.clone() };
    let services = http::Services { deps: deps.clone(), deliver: deliver_deps.clone(), visits };
    let answering = tokio::spawn(http::serve(listener, services, page, stop));
    let polling = threads.run(schedule::run(visit_deps.clone(), config.schedule, stopping.clone()));
    let housekeeping = schedule::housekeeping::watch(&deps, stopping.clone());
    let delivering = schedule::deliveries::run(deliver_deps, stopping.clone());
    tokio::join!(schedule::expiry::watch(&deps, stopping.clone()), housekeeping, polling, delivering);
    end.cancel();
    // Long-lived connections must not keep the process from exiting.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), answering).await;
    threads.run(async move { visit_deps.close().await }).await;
    deps.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Builds the settings of the pages and of test mails. `mailferry check` calls this too.
///
/// # Errors
/// The configuration is wrong.
pub fn page(config: &Config) -> Result<http::Settings, Failure> {
    http::Settings::new(config).map_err(|problem| Failure::configuration(vec![problem]))
}

/// Whether `serve` could listen on the configured address. A port in use is not an error: `serve` itself may be using it.
///
/// # Errors
/// This machine cannot listen on the address.
pub fn can_listen(config: &Config) -> Result<String, Failure> {
    let address = config.http.listen;
    match http::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(http::BindError::InUse(_)) => Ok(format!("{address} is in use, by Mailferry or by another program")),
        Err(error) => Err(Failure::failed(error.to_string())),
    }
}

/// The dependencies of polls and inspections, which run on separate threads.
async fn deps_for_visits(threads: &VisitThreads, deps: &Arc<Deps>, database_url: String) -> Result<Arc<Deps>, Failure> {
    let deps = deps.clone();
    let visit_deps = threads.run(async move { deps.for_this_runtime(&database_url).await }).await;
    let visit_deps = visit_deps.ok_or_else(|| Failure::failed("the threads of polls have ended"))?;
    Ok(Arc::new(visit_deps?))
}
