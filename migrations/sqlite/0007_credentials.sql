-- Token names are each organisation's own. Tokens of all organisations share one space. SQLite drops no constraint of an existing
-- table, so the table is made anew, together with the one that refers to it.
CREATE TABLE api_token_next (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    -- read, write
    scope TEXT NOT NULL,
    -- NULL: all
    organisation_id INTEGER REFERENCES organisation (id),
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    -- The person who made it, or who made the token by which it was made.
    created_by TEXT NOT NULL DEFAULT '',
    -- The token by which it was made; when that one goes and this one stays, the token that made that one.
    made_by INTEGER REFERENCES api_token_next (id) ON DELETE SET NULL
) STRICT;
INSERT INTO api_token_next (id, name, token_hash, scope, organisation_id, created_at, last_used_at, created_by)
SELECT id, name, token_hash, scope, organisation_id, created_at, last_used_at, created_by FROM api_token;
CREATE TABLE answer_kept_next (
    token_id INTEGER NOT NULL REFERENCES api_token_next (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO answer_kept_next SELECT token_id, key, request_hash, status, body, at FROM answer_kept;
DROP TABLE answer_kept;
DROP TABLE api_token;
ALTER TABLE api_token_next RENAME TO api_token;
ALTER TABLE answer_kept_next RENAME TO answer_kept;
CREATE UNIQUE INDEX api_token_name ON api_token (coalesce(organisation_id, 0), name);
CREATE INDEX api_token_made_by ON api_token (made_by);

-- Links made by a token go with it. The token's name in created_by no longer says which token it was.
ALTER TABLE link ADD COLUMN token_id INTEGER REFERENCES api_token (id) ON DELETE CASCADE;
UPDATE link SET token_id = (SELECT t.id FROM api_token t WHERE 'token ' || t.name = link.created_by);
CREATE INDEX link_token ON link (token_id);
-- Somebody uses the link right now. The claim ends by itself, so that a process that dies does not keep the link.
ALTER TABLE link ADD COLUMN claim INTEGER;
ALTER TABLE link ADD COLUMN claim_until INTEGER;

-- The server has accepted this login name with this password or consent. Until it has, each login may be a guess.
ALTER TABLE mailbox ADD COLUMN login_proven INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox SET login_proven = 1 WHERE last_success_at IS NOT NULL;
-- A consent covers the login name that it was given for. 1: nobody has consented for this one yet.
ALTER TABLE mailbox ADD COLUMN asks_consent INTEGER NOT NULL DEFAULT 0;
