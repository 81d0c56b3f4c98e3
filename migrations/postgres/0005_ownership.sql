-- A consent is its organisation's own: nobody's mailbox is opened with what somebody consented to for another's.
ALTER TABLE oauth_grant ADD COLUMN organisation_id BIGINT REFERENCES organisation (id);
DELETE FROM oauth_grant g WHERE NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.grant_id = g.id);
UPDATE oauth_grant g SET organisation_id = (
    SELECT min(i.organisation_id) FROM mailbox m JOIN inbox i ON i.id = m.inbox_id WHERE m.grant_id = g.id
);
ALTER TABLE oauth_grant ALTER COLUMN organisation_id SET NOT NULL;
ALTER TABLE oauth_grant DROP CONSTRAINT oauth_grant_provider_kind_identity_key;
ALTER TABLE oauth_grant ADD UNIQUE (organisation_id, provider, kind, identity);
-- What several organisations shared stays with the first; the others consent anew.
INSERT INTO oauth_grant (organisation_id, provider, kind, identity)
SELECT DISTINCT i.organisation_id, g.provider, g.kind, g.identity
FROM oauth_grant g JOIN mailbox m ON m.grant_id = g.id JOIN inbox i ON i.id = m.inbox_id
ON CONFLICT DO NOTHING;
UPDATE mailbox m SET grant_id = n.id
FROM inbox i, oauth_grant g, oauth_grant n
WHERE i.id = m.inbox_id AND g.id = m.grant_id AND n.organisation_id = i.organisation_id AND n.provider = g.provider
    AND n.kind = g.kind AND n.identity = g.identity;

-- Who made it, so that what somebody has made can be taken away with them.
ALTER TABLE api_token ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
-- Who it is at the identity provider, once they have signed in by it: names there change hands.
ALTER TABLE person ADD COLUMN sso_subject TEXT;
CREATE UNIQUE INDEX person_sso ON person (sso_subject);

-- Browsers that somebody has signed in with before: tries by others do not keep them out.
CREATE TABLE browser (
    key_hash BYTEA NOT NULL,
    person_id BIGINT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (key_hash, person_id)
);
CREATE INDEX browser_person ON browser (person_id, created_at);

-- Nobody knows when a copy was last changed before this was written down; it was not after the last poll.
UPDATE mailbox SET copy_changed_at = coalesce(last_attempt_at, added_at) WHERE copy_changed_at IS NULL;

CREATE INDEX login_failure_last ON login_failure (last_at);
CREATE INDEX errand_expiry ON errand (expires_at);
CREATE INDEX message_sha256 ON message (sha256);
CREATE INDEX message_waiting ON message (inbox_id, id) WHERE acknowledged_at IS NULL;
