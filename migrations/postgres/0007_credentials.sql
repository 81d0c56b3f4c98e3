-- Token names are each organisation's own. Tokens of all organisations share one space.
ALTER TABLE api_token DROP CONSTRAINT api_token_name_key;
CREATE UNIQUE INDEX api_token_name ON api_token (coalesce(organisation_id, 0), name);
-- The token by which a token was made; when that one goes and this one stays, the token that made that one.
ALTER TABLE api_token ADD COLUMN made_by BIGINT REFERENCES api_token (id) ON DELETE SET NULL;
CREATE INDEX api_token_made_by ON api_token (made_by);

-- Links made by a token go with it. The token's name in created_by no longer says which token it was.
ALTER TABLE link ADD COLUMN token_id BIGINT REFERENCES api_token (id) ON DELETE CASCADE;
UPDATE link SET token_id = (SELECT t.id FROM api_token t WHERE 'token ' || t.name = link.created_by);
CREATE INDEX link_token ON link (token_id);
-- Somebody uses the link right now. The claim ends by itself, so that a process that dies does not keep the link.
ALTER TABLE link ADD COLUMN claim BIGINT;
ALTER TABLE link ADD COLUMN claim_until BIGINT;

-- The server has accepted this login name with this password or consent. Until it has, each login may be a guess.
ALTER TABLE mailbox ADD COLUMN login_proven BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE mailbox SET login_proven = TRUE WHERE last_success_at IS NOT NULL;
-- A consent covers the login name that it was given for. TRUE: nobody has consented for this one yet.
ALTER TABLE mailbox ADD COLUMN asks_consent BOOLEAN NOT NULL DEFAULT FALSE;
