//! Tests that the function and the database, which sorts thousands of mailboxes, compute the same state of a mailbox.

use super::*;

/// Times since the last complete poll, in milliseconds; `None`: never.
const AGES: [Option<i64>; 5] = [None, Some(0), Some(3 * 60_000 + 60_000), Some(3 * 60_000 + 60_001), Some(-5)];

impl Fixture {
    /// The state of a mailbox with these columns, as computed by the function and by the database.
    async fn states(
        &self,
        row: (bool, bool, i64),
        next: Option<i64>,
        blame: Option<&str>,
        age: Option<i64>,
    ) -> [MailboxState; 2] {
        let (setup, paused, failures) = row;
        let mut tx = self.store.begin().await.unwrap();
        let statement = tx.sql(
            r"-- as no poll leaves it
            UPDATE mailbox SET setup = $1, paused = $2, failures = $3, next_poll_at = $4, error_blame = $5,
                last_success_at = $6, interval_ms = 60000",
        );
        let statement = statement.bind(setup).bind(paused).bind(failures).bind(next).bind(blame);
        statement.bind(age.map(|age| NOW.0 - age)).run().await.unwrap();
        tx.commit().await.unwrap();
        let mailbox = self.store.mailbox(&address("a@b.se")).await.unwrap();
        let line = self.store.mailbox_line(mailbox.id, NOW, NOW).await.unwrap().unwrap();
        [MailboxState::for_mailbox(&mailbox, NOW), line.mailbox_state]
    }
}

#[tokio::test]
async fn the_database_computes_the_same_state_as_the_function() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let mut seen = Vec::new();
        for row in [(false, false, 0), (false, false, 2), (false, true, 0), (true, true, 0), (false, true, 2)] {
            for next in [None, Some(NOW.0)] {
                for blame in [None, Some("host"), Some("mailbox")] {
                    for age in AGES {
                        let [function, list] = at.states(row, next, blame, age).await;
                        assert_eq!(function, list, "{name}: {row:?} {next:?} {blame:?} {age:?}");
                        seen.push(function);
                    }
                }
            }
        }
        assert!(MailboxState::ALL.iter().all(|mailbox_state| seen.contains(mailbox_state)), "{name}: {seen:?}");
    }
}
