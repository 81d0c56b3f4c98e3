-- A consent is its organisation's own: nobody's mailbox is opened with what somebody consented to for another's. SQLite changes no
-- constraint of a table that is there, so the table is made anew.
CREATE TABLE oauth_grant_next (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organisation_id INTEGER NOT NULL REFERENCES organisation (id),
    provider TEXT NOT NULL,
    -- delegated: a person's consent; app-only: the application's own right in one tenant
    kind TEXT NOT NULL,
    -- Who consents; the tenant where it is app-only.
    identity TEXT NOT NULL,
    -- How it was got (code, device): for device codes the application is a public client, which sends no secret.
    flow TEXT,
    refresh_sealed BLOB,
    access_sealed BLOB,
    access_expires_at INTEGER,
    -- From then on the access token is renewed before it is used.
    renew_at INTEGER,
    consented_at INTEGER,
    -- When the consent itself ends, where the provider says so.
    consent_ends_at INTEGER,
    refreshed_at INTEGER,
    -- Why there is no token, as JSON.
    problem TEXT,
    problem_since INTEGER,
    -- No token before a person has consented anew.
    needs_consent INTEGER NOT NULL DEFAULT 0,
    -- Not asked for again before, by our own back-off.
    retry_at INTEGER,
    -- Nor before that, by the provider's word (Retry-After).
    told_until INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    -- Grows with each new token, so that of two who bring one the later sees that it is late.
    version INTEGER NOT NULL DEFAULT 0,
    -- Who renews it now.
    lock_token INTEGER,
    lock_owner TEXT,
    lock_until INTEGER,
    UNIQUE (organisation_id, provider, kind, identity)
) STRICT;
INSERT INTO oauth_grant_next (id, organisation_id, provider, kind, identity, flow, refresh_sealed, access_sealed, access_expires_at,
    renew_at, consented_at, consent_ends_at, refreshed_at, problem, problem_since, needs_consent, retry_at, told_until, failures,
    version)
SELECT g.id, min(i.organisation_id), g.provider, g.kind, g.identity, g.flow, g.refresh_sealed, g.access_sealed, g.access_expires_at,
    g.renew_at, g.consented_at, g.consent_ends_at, g.refreshed_at, g.problem, g.problem_since, g.needs_consent, g.retry_at,
    g.told_until, g.failures, g.version
FROM oauth_grant g JOIN mailbox m ON m.grant_id = g.id JOIN inbox i ON i.id = m.inbox_id GROUP BY g.id;
-- What several organisations shared stays with the first; the others consent anew.
INSERT INTO oauth_grant_next (organisation_id, provider, kind, identity)
SELECT DISTINCT i.organisation_id, g.provider, g.kind, g.identity
FROM oauth_grant g JOIN mailbox m ON m.grant_id = g.id JOIN inbox i ON i.id = m.inbox_id
WHERE TRUE ON CONFLICT DO NOTHING;
ALTER TABLE mailbox ADD COLUMN next_grant_id INTEGER REFERENCES oauth_grant_next (id);
UPDATE mailbox SET next_grant_id = (
    SELECT n.id FROM oauth_grant g JOIN inbox i ON i.id = mailbox.inbox_id
    JOIN oauth_grant_next n ON n.organisation_id = i.organisation_id AND n.provider = g.provider AND n.kind = g.kind
        AND n.identity = g.identity
    WHERE g.id = mailbox.grant_id
) WHERE grant_id IS NOT NULL;
DROP INDEX mailbox_grant;
ALTER TABLE mailbox DROP COLUMN grant_id;
ALTER TABLE mailbox RENAME COLUMN next_grant_id TO grant_id;
DROP TABLE oauth_grant;
ALTER TABLE oauth_grant_next RENAME TO oauth_grant;
CREATE INDEX mailbox_grant ON mailbox (grant_id);

-- Who made it, so that what somebody has made can be taken away with them.
ALTER TABLE api_token ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
-- Who it is at the identity provider, once they have signed in by it: names there change hands.
ALTER TABLE person ADD COLUMN sso_subject TEXT;
CREATE UNIQUE INDEX person_sso ON person (sso_subject);

-- Browsers that somebody has signed in with before: tries by others do not keep them out.
CREATE TABLE browser (
    key_hash BLOB NOT NULL,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (key_hash, person_id)
) STRICT;
CREATE INDEX browser_person ON browser (person_id, created_at);

-- Nobody knows when a copy was last changed before this was written down; it was not after the last poll.
UPDATE mailbox SET copy_changed_at = coalesce(last_attempt_at, added_at) WHERE copy_changed_at IS NULL;

CREATE INDEX login_failure_last ON login_failure (last_at);
CREATE INDEX errand_expiry ON errand (expires_at);
CREATE INDEX message_sha256 ON message (sha256);
CREATE INDEX message_waiting ON message (inbox_id, id) WHERE acknowledged_at IS NULL;
