-- Words of closed sets are checked. SQLite adds no constraint to a column that is there, so each column is made anew, in place of the
-- old one; it has a default only because a column that is added must have one.
DROP INDEX ledger_pending;
DROP INDEX ledger_quarantined;
ALTER TABLE ledger ADD COLUMN state_new TEXT NOT NULL DEFAULT 'pending'
    CHECK (state_new IN ('pending', 'imported', 'duplicate', 'skipped', 'quarantined', 'gone'));
UPDATE ledger SET state_new = state;
ALTER TABLE ledger DROP COLUMN state;
ALTER TABLE ledger RENAME COLUMN state_new TO state;
CREATE INDEX ledger_pending ON ledger (epoch_id, uid) WHERE state = 'pending';
CREATE INDEX ledger_quarantined ON ledger (epoch_id, updated_at) WHERE state = 'quarantined';

ALTER TABLE effect ADD COLUMN step_new TEXT NOT NULL DEFAULT 'pending'
    CHECK (step_new IN ('pending', 'copying', 'copied', 'impossible', 'returned'));
ALTER TABLE effect ADD COLUMN void_step_new TEXT
    CHECK (void_step_new IN ('pending', 'copying', 'copied', 'impossible', 'returned'));
UPDATE effect SET step_new = step, void_step_new = void_step;
ALTER TABLE effect DROP COLUMN step;
ALTER TABLE effect DROP COLUMN void_step;
ALTER TABLE effect RENAME COLUMN step_new TO step;
ALTER TABLE effect RENAME COLUMN void_step_new TO void_step;

ALTER TABLE mailbox ADD COLUMN tls_new TEXT NOT NULL DEFAULT 'implicit'
    CHECK (tls_new IN ('implicit', 'starttls', 'none'));
UPDATE mailbox SET tls_new = tls;
ALTER TABLE mailbox DROP COLUMN tls;
ALTER TABLE mailbox RENAME COLUMN tls_new TO tls;

-- The kind stands in a constraint that SQLite cannot take away, so its check is written beside that of the flow.
ALTER TABLE oauth_grant ADD COLUMN flow_new TEXT
    CHECK (flow_new IN ('code', 'device')) CHECK (kind IN ('delegated', 'app-only'));
UPDATE oauth_grant SET flow_new = flow;
ALTER TABLE oauth_grant DROP COLUMN flow;
ALTER TABLE oauth_grant RENAME COLUMN flow_new TO flow;

ALTER TABLE person ADD COLUMN role_new TEXT NOT NULL DEFAULT 'viewer'
    CHECK (role_new IN ('viewer', 'admin', 'operator'));
UPDATE person SET role_new = role;
ALTER TABLE person DROP COLUMN role;
ALTER TABLE person RENAME COLUMN role_new TO role;

ALTER TABLE api_token ADD COLUMN scope_new TEXT NOT NULL DEFAULT 'read' CHECK (scope_new IN ('read', 'write'));
UPDATE api_token SET scope_new = scope;
ALTER TABLE api_token DROP COLUMN scope;
ALTER TABLE api_token RENAME COLUMN scope_new TO scope;

ALTER TABLE link ADD COLUMN purpose_new TEXT NOT NULL DEFAULT 'invite'
    CHECK (purpose_new IN ('setup', 'invite', 'connect'));
ALTER TABLE link ADD COLUMN role_new TEXT CHECK (role_new IN ('viewer', 'admin', 'operator'));
UPDATE link SET purpose_new = purpose, role_new = role;
ALTER TABLE link DROP COLUMN purpose;
ALTER TABLE link DROP COLUMN role;
ALTER TABLE link RENAME COLUMN purpose_new TO purpose;
ALTER TABLE link RENAME COLUMN role_new TO role;

-- What the last poll failed with, beside its JSON: at which step, what is broken, and whether only a person can mend it.
ALTER TABLE mailbox ADD COLUMN error_step TEXT;
ALTER TABLE mailbox ADD COLUMN error_blame TEXT CHECK (error_blame IN ('folder', 'mailbox', 'host', 'us'));
ALTER TABLE mailbox ADD COLUMN waits_for_person INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox SET error_step = json_extract(last_error, '$.step'),
    error_blame = CASE WHEN json_extract(last_error, '$.blame') IN ('folder', 'mailbox', 'host', 'us')
        THEN json_extract(last_error, '$.blame') END,
    waits_for_person = coalesce(json_type(last_error, '$.retry') = 'null', 0)
WHERE json_valid(last_error);

-- When the chunk came, so that a download that nobody goes on with can be deleted.
ALTER TABLE download_chunk ADD COLUMN added_at INTEGER NOT NULL DEFAULT 0;
UPDATE download_chunk SET added_at = coalesce((
    SELECT m.last_attempt_at FROM epoch e JOIN folder f ON f.id = e.folder_id JOIN mailbox m ON m.id = f.mailbox_id
    WHERE e.id = download_chunk.epoch_id
), 0);

-- When old rows of each kind were last deleted, and how many.
CREATE TABLE housekeeping (
    name TEXT PRIMARY KEY NOT NULL,
    last_run_at INTEGER NOT NULL,
    removed INTEGER NOT NULL
) STRICT;
CREATE INDEX poll_started ON poll (started_at);
CREATE INDEX poll_day_day ON poll_day (day);
CREATE INDEX answer_kept_at ON answer_kept (at);
CREATE INDEX session_seen ON session (seen_at);
CREATE INDEX session_created ON session (created_at);
CREATE INDEX link_expiry ON link (expires_at);
CREATE INDEX download_chunk_added ON download_chunk (added_at);
CREATE INDEX test_mail_created ON test_mail (created_at);
