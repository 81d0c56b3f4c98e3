//! SQL fragments that several statements share. A statement refers to a fragment by its name in braces.

use std::borrow::Cow;

/// All fragments. A fragment may refer only to fragments after it in this list.
const FRAGMENTS: &[(&str, &str)] = &[
    // The columns of a `DeliveryTarget`.
    (
        "{delivery_target}",
        r"SELECT t.id, t.inbox_id, i.address AS inbox, i.organisation_id, t.url, t.recipient, t.format, t.username,
            t.secret_sealed, t.old_secret_sealed, t.old_secret_until, t.ca_pem, t.concurrency, t.look_in, t.look_username,
            t.look_password_sealed, t.when_unknown, t.repair_line_ends, t.only_target, t.rate, t.in_use, t.paused, t.created_at, t.failures, t.failing_since, t.retry_at, t.problem,
            t.last_delivered_at
        FROM delivery_target t LEFT JOIN inbox i ON i.id = t.inbox_id",
    ),
    // The columns of a `DeliveryLine`.
    (
        "{delivery}",
        r"SELECT d.id, l.target_id AS target, t.url, i.address AS inbox, i.organisation_id, d.lane_id,
            d.message_id AS message, m.from_address, m.subject, d.state, d.unsure, d.attempts, d.created_at,
            d.last_attempt_at, d.retry_at, d.problem, d.answer, d.finished_at
        FROM delivery d JOIN delivery_lane l ON l.id = d.lane_id JOIN delivery_target t ON t.id = l.target_id
            JOIN inbox i ON i.id = l.inbox_id JOIN message m ON m.id = d.message_id",
    ),
    // The columns of a `Row` in `mailbox.rs`.
    (
        "{mailbox}",
        r"SELECT m.id, m.address, i.address AS inbox, m.inbox_id, i.organisation_id, m.host, m.port, m.tls, m.ca_pem,
        m.pin_sha256, m.username, m.password_sealed, m.login_proven, m.asks_consent, m.start, m.after_import,
        m.interval_ms, m.max_size, m.paused, m.setup, m.added_at, m.copy_changed_at, m.day, m.day_bytes, m.next_poll_at,
        m.hold_until, m.failures, m.failing_since, m.last_attempt_at, m.last_success_at, m.last_error, m.error_blame,
        m.grant_id,
        g.provider AS grant_provider, g.kind AS grant_kind, g.identity AS grant_identity
        FROM mailbox m JOIN inbox i ON i.id = m.inbox_id LEFT JOIN oauth_grant g ON g.id = m.grant_id",
    ),
    // The columns of an `Inbox`.
    ("{inbox}", r"SELECT id, organisation_id, address, name, reply_from, created_at FROM inbox"),
    // The columns of a `Person`.
    (
        "{person}",
        r"SELECT p.id, p.name, p.role, p.organisation_id, o.name AS organisation, p.password_hash, p.language, p.zone,
        p.last_login_at
        FROM person p LEFT JOIN organisation o ON o.id = p.organisation_id",
    ),
    // The columns of a `Token`.
    (
        "{token}",
        r"SELECT t.id, t.name, t.scope, t.organisation_id, o.name AS organisation, t.created_at, t.created_by,
        m.name AS made_by, t.made_by AS made_by_id, m.organisation_id AS made_by_organisation, t.last_used_at
        FROM api_token t LEFT JOIN organisation o ON o.id = t.organisation_id LEFT JOIN api_token m ON m.id = t.made_by",
    ),
    // A token (`$1`) and all tokens created with it, directly or indirectly.
    (
        "{made_by}",
        r"WITH RECURSIVE made (id) AS (
            SELECT id FROM api_token WHERE id = $1 UNION SELECT c.id FROM api_token c JOIN made ON c.made_by = made.id
        )",
    ),
    // The columns of a `LedgerLine` and its epoch, from `ledger l` and `{ledger_joins}`.
    (
        "{ledger_columns}",
        r"m.address AS mailbox, f.name AS folder, l.epoch_id, e.uidvalidity, l.uid, l.uid_last, l.state, l.reason,
        l.message_id",
    ),
    (
        "{ledger_joins}",
        r"JOIN epoch e ON e.id = l.epoch_id JOIN folder f ON f.id = e.folder_id JOIN mailbox m ON m.id = f.mailbox_id",
    ),
    // The condition for quarantined mail of a mailbox (`$1`) in the current epochs. The UIDs of older epochs are no
    // longer valid.
    (
        "{quarantined_in_force}",
        r"state = 'quarantined' AND epoch_id IN (
            SELECT max(e.id) FROM epoch e JOIN folder f ON f.id = e.folder_id
            WHERE f.mailbox_id = $1 AND f.watched
            GROUP BY e.folder_id
        )",
    ),
    // The anchors of an epoch (`$1`), with the columns of an `Anchor`.
    (
        "{select_anchors}",
        r"SELECT l.uid, l.internal_date, m.message_id
        FROM ledger l JOIN message m ON m.id = l.message_id
        WHERE l.epoch_id = $1 AND l.state IN ('imported', 'duplicate')",
    ),
    // The columns of a `MessageLine`.
    (
        "{select_messages}",
        r"SELECT m.id, i.address AS inbox, m.mailbox, m.folder, m.uidvalidity, m.uid, m.message_id, m.from_address,
            m.subject, m.size, m.sha256, m.internal_date, m.imported_at, m.historic, m.why, m.acknowledged_at,
            m.raw_removed_at, m.forwarded_at
        FROM message m JOIN inbox i ON i.id = m.inbox_id",
    ),
    // The columns of a `MailboxLine`, up to the part that selects the mailboxes. The mails of each mailbox are counted
    // for this page only (`$5`: the start of the day, `$7`: the number of possible UIDs in an epoch).
    (
        "{select_mailbox_lines}",
        r"SELECT p.address, p.inbox, o.name AS organisation, CAST(p.mailbox_state AS BIGINT) AS mailbox_state, p.last_success_at,
            (
                SELECT x.imported_at FROM message x
                WHERE x.mailbox = p.address AND EXISTS (
                    SELECT 1 FROM inbox y WHERE y.id = x.inbox_id AND y.organisation_id = p.organisation_id
                )
                ORDER BY x.imported_at DESC LIMIT 1
            ) AS last_mail_at,
            (
                SELECT count(DISTINCT x.epoch_id * $7 + x.uid) FROM message x
                WHERE x.mailbox = p.address AND x.imported_at >= $5 AND EXISTS (
                    SELECT 1 FROM inbox y WHERE y.id = x.inbox_id AND y.organisation_id = p.organisation_id
                )
            ) AS today,
            CASE WHEN p.paused THEN NULL WHEN p.hold_until > p.next_poll_at THEN p.hold_until ELSE p.next_poll_at END
                AS next_poll_at,
            p.failing_since, p.last_error, p.added_at
        FROM (
            SELECT * FROM ({mailboxes_with_state}) AS f",
    ),
    // Mailboxes with their state, as `MailboxState::for_mailbox` defines it; a test compares the two. `$1`: a mailbox
    // whose last complete poll is more than three intervals before this time is behind. A failure caused by the
    // mailbox's own password or settings needs a person, even if it is retried.
    (
        "{mailboxes_with_state}",
        r"SELECT m.id, m.address, m.inbox_id, i.address AS inbox, i.organisation_id, m.last_success_at, m.next_poll_at,
            m.hold_until, m.failing_since, m.last_error, m.added_at, m.paused,
            CASE WHEN m.setup THEN 5 WHEN m.paused THEN 6
                WHEN m.failures > 0 AND (m.next_poll_at IS NULL OR m.error_blame = 'mailbox') THEN 0
                WHEN m.failures > 0 THEN 1 WHEN m.last_success_at IS NULL THEN 3
                WHEN $1 - m.last_success_at > m.interval_ms * 3 THEN 2 ELSE 4 END AS mailbox_state
        FROM mailbox m JOIN inbox i ON i.id = m.inbox_id
        WHERE ($2 IS NULL OR i.organisation_id = $2)
            AND ($3 IS NULL OR m.address LIKE $3 ESCAPE '!' OR i.address LIKE $3 ESCAPE '!')
            AND ($4 IS NULL OR m.inbox_id = $4)",
    ),
    // The columns of a `Grant`.
    (
        "{grant_columns}",
        r"id, provider, kind, identity, flow, refresh_sealed, access_sealed,
        coalesce(access_expires_at, 0) AS access_expires_at, coalesce(renew_at, 0) AS renew_at, consented_at,
        consent_ends_at, refreshed_at, problem, problem_since, needs_consent, retry_at, told_until, failures, version",
    ),
];

/// Replaces each `{name}` of a fragment. `{rows}` and `{list}` are left for `Statement` to fill in.
pub(super) fn expand(text: &'static str) -> Cow<'static, str> {
    let mut text = Cow::Borrowed(text);
    for (name, fragment) in FRAGMENTS {
        if text.contains(name) {
            text = Cow::Owned(text.replace(name, fragment));
        }
    }
    text
}
