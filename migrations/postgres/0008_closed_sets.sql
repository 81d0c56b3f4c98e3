-- Words of closed sets are checked.
ALTER TABLE ledger ADD CONSTRAINT ledger_state
    CHECK (state IN ('pending', 'imported', 'duplicate', 'skipped', 'quarantined', 'gone'));
ALTER TABLE effect ADD CONSTRAINT effect_step
    CHECK (step IN ('pending', 'copying', 'copied', 'impossible', 'returned'));
ALTER TABLE effect ADD CONSTRAINT effect_void_step
    CHECK (void_step IN ('pending', 'copying', 'copied', 'impossible', 'returned'));
ALTER TABLE mailbox ADD CONSTRAINT mailbox_tls CHECK (tls IN ('implicit', 'starttls', 'none'));
ALTER TABLE oauth_grant ADD CONSTRAINT oauth_grant_kind CHECK (kind IN ('delegated', 'app-only'));
ALTER TABLE oauth_grant ADD CONSTRAINT oauth_grant_flow CHECK (flow IN ('code', 'device'));
ALTER TABLE person ADD CONSTRAINT person_role CHECK (role IN ('viewer', 'admin', 'operator'));
ALTER TABLE api_token ADD CONSTRAINT api_token_scope CHECK (scope IN ('read', 'write'));
ALTER TABLE link ADD CONSTRAINT link_purpose CHECK (purpose IN ('setup', 'invite', 'connect'));
ALTER TABLE link ADD CONSTRAINT link_role CHECK (role IN ('viewer', 'admin', 'operator'));

-- What the last poll failed with, beside its JSON: at which step, what is broken, and whether only a person can mend it.
ALTER TABLE mailbox ADD COLUMN error_step TEXT;
ALTER TABLE mailbox ADD COLUMN error_blame TEXT
    CONSTRAINT mailbox_error_blame CHECK (error_blame IN ('folder', 'mailbox', 'host', 'us'));
ALTER TABLE mailbox ADD COLUMN waits_for_person BOOLEAN NOT NULL DEFAULT FALSE;
DO $$
DECLARE
    failed RECORD;
    error JSONB;
BEGIN
    FOR failed IN SELECT id, last_error FROM mailbox WHERE last_error IS NOT NULL LOOP
        BEGIN
            error := failed.last_error::jsonb;
        EXCEPTION WHEN data_exception THEN
            CONTINUE; -- it is no JSON
        END;
        UPDATE mailbox SET error_step = error ->> 'step',
            error_blame = CASE WHEN error ->> 'blame' IN ('folder', 'mailbox', 'host', 'us') THEN error ->> 'blame' END,
            waits_for_person = coalesce(error -> 'retry' = 'null'::jsonb, FALSE)
        WHERE id = failed.id;
    END LOOP;
END $$;

-- When the chunk came, so that a download that nobody goes on with can be deleted.
ALTER TABLE download_chunk ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;
UPDATE download_chunk SET added_at = coalesce((
    SELECT m.last_attempt_at FROM epoch e JOIN folder f ON f.id = e.folder_id JOIN mailbox m ON m.id = f.mailbox_id
    WHERE e.id = download_chunk.epoch_id
), 0);

-- When old rows of each kind were last deleted, and how many.
CREATE TABLE housekeeping (
    name TEXT PRIMARY KEY NOT NULL,
    last_run_at BIGINT NOT NULL,
    removed BIGINT NOT NULL
);
CREATE INDEX poll_started ON poll (started_at);
CREATE INDEX poll_day_day ON poll_day (day);
CREATE INDEX answer_kept_at ON answer_kept (at);
CREATE INDEX session_seen ON session (seen_at);
CREATE INDEX session_created ON session (created_at);
CREATE INDEX link_expiry ON link (expires_at);
CREATE INDEX download_chunk_added ON download_chunk (added_at);
CREATE INDEX test_mail_created ON test_mail (created_at);
