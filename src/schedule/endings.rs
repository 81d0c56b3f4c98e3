//! Warns in the log, while there is time, of secrets and consents that will end: once for each of the days that warnings are due.

use std::collections::HashMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::oauth::{Forecast, endings};
use crate::poll::Deps;

/// How often it is looked: warnings are due by days.
const LOOK: Duration = Duration::from_hours(1);

/// Whose ending of what: the provider, the identity (empty: the application's own), and what.
type Of = (String, String, &'static str);

/// Looks until told to stop.
pub async fn watch(deps: &Deps, stop: CancellationToken) {
    let mut warned = HashMap::new();
    loop {
        match deps.store.grants().await {
            Ok(grants) => {
                let all = endings(&deps.oauth, &grants, deps.clock.now());
                for (of, ending) in news(&mut warned, all) {
                    let (provider, identity, what) = of;
                    tracing::warn!(provider, identity, what, days_left = ending.days_left, ends_at = %ending.ends_at, "will end");
                }
            }
            Err(error) => tracing::error!(%error, "what will end cannot be looked up"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Those whose warning is due and was not given yet.
fn news(warned: &mut HashMap<Of, i64>, all: Vec<(String, String, Forecast)>) -> Vec<(Of, Forecast)> {
    let mut news = Vec::new();
    let mut still = HashMap::new();
    for (provider, identity, ending) in all {
        let Some(days) = ending.warning else { continue };
        let of = (provider, identity, ending.what.id());
        if warned.get(&of) != Some(&days) {
            news.push((of.clone(), ending));
        }
        still.insert(of, days);
    }
    *warned = still;
    news
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::oauth::ExpiringCredential;

    #[test]
    fn each_warning_is_given_once() {
        let ending = |days_left, warning| {
            let ending = Forecast { what: ExpiringCredential::ClientSecret, ends_at: Timestamp(0), days_left, warning };
            vec![("microsoft".to_owned(), String::new(), ending)]
        };
        let mut warned = HashMap::new();
        let mut count = |days_left, warning| news(&mut warned, ending(days_left, warning)).len();
        assert_eq!(count(40, None), 0);
        assert_eq!((count(30, Some(30)), count(29, Some(30)), count(7, Some(7)), count(7, Some(7))), (1, 0, 1, 0));
        // A new secret, and its end in time.
        assert_eq!((count(365, None), count(7, Some(7))), (0, 1));
    }
}
