//! Logs warnings before secrets and consents expire: once for each number of days at which a warning is due.

use std::collections::HashMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::oauth::{Forecast, all_forecasts};
use crate::poll::Deps;

/// Time between two checks, which is short enough for warnings that are counted in days.
const CHECK_INTERVAL: Duration = Duration::from_hours(1);

/// Key of a warning: provider, identity (empty for the application itself), kind of credential.
type WarningKey = (String, String, &'static str);

/// Checks and logs every hour until cancelled.
pub async fn watch(deps: &Deps, stop: CancellationToken) {
    let mut warned = HashMap::new();
    loop {
        match deps.store.grants().await {
            Ok(grants) => {
                let forecasts = all_forecasts(&deps.oauth, &grants, deps.clock.now());
                for (key, ending) in due_warnings(&mut warned, forecasts) {
                    let (provider, identity, what) = key;
                    tracing::warn!(provider, identity, what, days_left = ending.days_left, ends_at = %ending.ends_at, "will expire");
                }
            }
            Err(error) => tracing::error!(%error, "expiry dates cannot be read from the database"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
    }
}

/// The warnings that are due and have not been logged yet.
fn due_warnings(
    warned: &mut HashMap<WarningKey, i64>,
    forecasts: Vec<(String, String, Forecast)>,
) -> Vec<(WarningKey, Forecast)> {
    let mut due = Vec::new();
    let mut current = HashMap::new();
    for (provider, identity, ending) in forecasts {
        let Some(days) = ending.warning else { continue };
        let key = (provider, identity, ending.credential.id());
        if warned.get(&key) != Some(&days) {
            due.push((key.clone(), ending));
        }
        current.insert(key, days);
    }
    *warned = current;
    due
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::oauth::ExpiringCredential;

    #[test]
    fn each_warning_is_given_once() {
        let ending = |days_left, warning| {
            let ending =
                Forecast { credential: ExpiringCredential::ClientSecret, ends_at: Timestamp(0), days_left, warning };
            vec![("microsoft".to_owned(), String::new(), ending)]
        };
        let mut warned = HashMap::new();
        let mut count = |days_left, warning| due_warnings(&mut warned, ending(days_left, warning)).len();
        assert_eq!(count(40, None), 0);
        assert_eq!((count(30, Some(30)), count(29, Some(30)), count(7, Some(7)), count(7, Some(7))), (1, 0, 1, 0));
        // After a new secret is stored, the same warning is given again when that secret is about to expire.
        assert_eq!((count(365, None), count(7, Some(7))), (0, 1));
    }
}
