//! Tests that housekeeping deletes old rows of each kind, and no younger ones.

use super::*;

/// A retention, with the statement that inserts its rows.
struct Case {
    kind: Retention,
    /// The table, and its column with the time of a row.
    column: (&'static str, &'static str),
    /// Inserts a row with a time (`$1`), a number (`$2`) and a key (`$3`).
    insert: &'static str,
    /// The times of a row that is deleted and of one that stays.
    times: (i64, i64),
}

const OLD_AND_YOUNG: (i64, i64) = (NOW.0 - 1, NOW.0);

const CASES: [Case; 14] = [
    Case {
        kind: Retention::PollReports,
        column: ("poll", "started_at"),
        insert: "INSERT INTO poll (mailbox_id, started_at, report, notes) SELECT id, $1, '{}', '' FROM mailbox",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::PollCounts,
        column: ("poll_day", "day"),
        insert: "INSERT INTO poll_day (mailbox_id, day, polls, failed) SELECT id, $1 - 2 + $2, 1, 0 FROM mailbox",
        times: (NOW.0 / 86_400_000 - 1, NOW.0 / 86_400_000 - 1),
    },
    Case {
        kind: Retention::KeptAnswers,
        column: ("answer_kept", "at"),
        insert: "INSERT INTO answer_kept (token_id, key, request_hash, status, body, at)
            SELECT id, CAST($2 AS TEXT), $3, 200, '', $1 FROM api_token",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::LoginFailures,
        column: ("login_failure", "last_at"),
        insert: "INSERT INTO login_failure (subject, failures, last_at, blocked_until)
            VALUES (CAST($2 AS TEXT), 1, $1, 0)",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::IdleSessions,
        column: ("session", "seen_at"),
        insert: "INSERT INTO session (key_hash, person_id, created_at, seen_at) SELECT $3, id, $1 + 5, $1 FROM person",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::Sessions,
        column: ("session", "created_at"),
        insert: "INSERT INTO session (key_hash, person_id, created_at, seen_at) SELECT $3, id, $1, $1 + 5 FROM person",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::Links,
        column: ("link", "expires_at"),
        insert: "INSERT INTO link (key_hash, purpose, created_by, created_at, expires_at)
            VALUES ($3, 'setup', '', 0, $1)",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::PendingAuths,
        column: ("errand", "expires_at"),
        insert: "INSERT INTO errand (state_hash, browser_hash, sealed, expires_at) VALUES ($3, $3, $3, $1)",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::Downloads,
        column: ("download_chunk", "added_at"),
        insert: "INSERT INTO download_chunk (epoch_id, uid, seq, data, added_at) SELECT id, $2, 0, $3, $1 FROM epoch",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::TestMails,
        column: ("test_mail", "created_at"),
        insert: "INSERT INTO test_mail (mailbox_id, code, created_at) SELECT id, CAST($2 AS TEXT), $1 FROM mailbox",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::Deliveries,
        column: ("delivery", "finished_at"),
        insert: "INSERT INTO delivery (lane_id, message_id, state, created_at, finished_at)
            SELECT l.id, m.id, 'delivered', $2, $1 FROM delivery_lane l, message m",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::Forwarded,
        column: ("forwarded", "seen_at"),
        insert: "INSERT INTO forwarded (inbox_id, identity, target_id, seen_at, keep) SELECT id, $3, 0, $1, TRUE FROM inbox",
        times: OLD_AND_YOUNG,
    },
    Case {
        kind: Retention::SenderRates,
        column: ("sender_rate", "hour"),
        insert: "INSERT INTO sender_rate (inbox_id, sender, hour, mails) SELECT id, CAST($2 AS TEXT), $1, 1 FROM inbox",
        times: (NOW.0 / 3_600_000 - 1, NOW.0 / 3_600_000),
    },
    Case {
        kind: Retention::StsPolicies,
        column: ("mta_sts_policy", "expires_at"),
        insert: "INSERT INTO mta_sts_policy (domain, policy_id, mode, hosts, fetched_at, expires_at)
            VALUES (CAST($2 AS TEXT), '1', 'enforce', 'a.se', 0, $1)",
        times: OLD_AND_YOUNG,
    },
];

impl Fixture {
    async fn insert(&self, sql: &'static str, at: i64, number: i64) {
        let mut tx = self.store.begin().await.unwrap();
        let key = vec![u8::try_from(number).unwrap()];
        assert_eq!(tx.sql(sql).bind(at).bind(number).bind(key).run().await.unwrap(), 1, "{sql}");
        tx.commit().await.unwrap();
    }

    async fn row_times(&self, (table, column): (&str, &str)) -> Vec<i64> {
        let sql: &'static str = format!("SELECT {column} FROM {table} ORDER BY {column}").leak();
        self.store.read().await.unwrap().sql(sql).values().await.unwrap()
    }
}

#[tokio::test]
async fn every_retention_deletes_its_old_rows_only() {
    let kinds: Vec<Retention> = CASES.iter().map(|case| case.kind).chain([Retention::RawMail]).collect();
    assert_eq!(kinds, Retention::ALL);
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        at.store
            .add_token(
                NewToken {
                    name: "import",
                    hash: b"hash",
                    scope: TokenScope::Read,
                    organisation_id: None,
                    creator: "".into(),
                },
                NOW,
            )
            .await
            .unwrap();
        let person = NewPerson {
            name: "anna",
            role: Role::Operator,
            organisation_id: None,
            password_hash: None,
            language: "sv",
            zone: "",
        };
        at.store.add_person(&person, NOW).await.unwrap();
        at.target(None).await;
        let inbox = at.inbox_id(INBOX).await;
        at.import(&lease, &epoch, vec![(1, mail("hej", &[inbox]))]).await;
        let mut tx = at.store.begin().await.unwrap();
        tx.sql("DELETE FROM delivery").run().await.unwrap();
        tx.commit().await.unwrap();
        for Case { kind, column, insert, times: (old, young) } in CASES {
            for number in [1, 2] {
                at.insert(insert, old, number).await;
            }
            at.insert(insert, young, 3).await;
            let kept = *at.row_times(column).await.last().unwrap();
            // No call deletes more rows than its limit.
            for removed in [1, 1, 0] {
                assert_eq!(at.store.remove_old(kind, (NOW, NOW), 1).await.unwrap(), removed, "{name}: {kind:?}");
            }
            assert_eq!(at.row_times(column).await, [kept], "{name}: {kind:?}");
            assert_eq!(
                at.store.remove_old(kind, (Timestamp(NOW.0 + 86_400_000), NOW), 9).await.unwrap(),
                1,
                "{name}: {kind:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_download_that_is_still_growing_keeps_its_first_chunks() {
    for (at, name) in stores().await {
        let (lease, epoch) = at.add_leased("a@b.se").await;
        let minutes = |n: i64| Timestamp(NOW.0 + n * 60_000);
        for (seq, minute) in [(0, 0), (1, 5)] {
            at.store.add_download_chunk(&lease, chunk(&epoch, seq, b"x"), minutes(minute)).await.unwrap();
        }
        assert_eq!(at.store.remove_old(Retention::Downloads, (minutes(5), NOW), 9).await.unwrap(), 0, "{name}");
        assert_eq!(at.store.remove_old(Retention::Downloads, (minutes(6), NOW), 9).await.unwrap(), 2, "{name}");
    }
}

#[tokio::test]
async fn the_last_housekeeping_run_is_reported() {
    for (at, name) in stores().await {
        assert_eq!(at.store.housekeeping_runs().await.unwrap(), [], "{name}");
        for (now, removed) in [(NOW, 7), (Timestamp(NOW.0 + 1), 0)] {
            at.store.record_housekeeping(&[(Retention::Links, removed)], now).await.unwrap();
        }
        let last = HousekeepingRun { name: "links".to_owned(), last_run_at: Timestamp(NOW.0 + 1), removed: 0 };
        assert_eq!(at.store.housekeeping_runs().await.unwrap(), [last], "{name}");
    }
}
