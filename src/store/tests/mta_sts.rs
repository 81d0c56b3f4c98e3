//! Tests of the stored MTA-STS policies of recipients' domains.

use super::*;
use crate::target::StsMode;

fn policy(id: &str, mode: StsMode, expires_at: Timestamp) -> StsPolicy {
    StsPolicy {
        policy_id: id.to_owned(),
        mode,
        hosts: "mx.kundo.se *.example.net".to_owned(),
        fetched_at: NOW,
        expires_at,
    }
}

#[tokio::test]
async fn a_policy_is_kept_until_it_ends_or_is_replaced() {
    for (at, name) in stores().await {
        let (domain, end) = ("kundo.se", Timestamp(NOW.0 + 1000));
        assert_eq!(at.store.sts_policy(domain, NOW).await.unwrap(), None, "{name}");
        let first = policy("1", StsMode::Enforce, end);
        at.store.store_sts_policy(domain, &first).await.unwrap();
        assert_eq!(at.store.sts_policy(domain, NOW).await.unwrap(), Some(first), "{name}");
        assert_eq!(at.store.sts_policy("other.se", NOW).await.unwrap(), None, "{name}");
        assert_eq!(at.store.sts_policy(domain, end).await.unwrap(), None, "{name}");
        for mode in [StsMode::Testing, StsMode::None] {
            let next = policy("2", mode, end);
            at.store.store_sts_policy(domain, &next).await.unwrap();
            assert_eq!(at.store.sts_policy(domain, NOW).await.unwrap(), Some(next), "{name}");
        }
    }
}
