-- An organisation is one customer of the helpdesk: every inbox belongs to one, with the mailboxes that feed it, and whoever
-- belongs to one sees nothing of another's.
CREATE TABLE organisation (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
INSERT INTO organisation (name, created_at) VALUES ('default', 0);

-- What was there before belongs to the first organisation.
ALTER TABLE inbox ADD COLUMN organisation_id BIGINT NOT NULL DEFAULT 1;
CREATE INDEX inbox_organisation ON inbox (organisation_id);

-- Somebody who signs in to the page. An operator belongs to no organisation.
CREATE TABLE person (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    organisation_id BIGINT REFERENCES organisation (id),
    -- Argon2id, as a PHC string; none for those who sign in with an identity provider only.
    password_hash TEXT,
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT
);

-- Only hashes of what the browser holds are kept, here and below: who reads the database can act as nobody.
CREATE TABLE session (
    key_hash BYTEA PRIMARY KEY NOT NULL,
    person_id BIGINT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person_id);

-- Failed logins of an account, or from an address.
CREATE TABLE login_failure (
    subject TEXT PRIMARY KEY NOT NULL,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);

CREATE TABLE api_token (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    token_hash BYTEA NOT NULL UNIQUE,
    -- read, write
    scope TEXT NOT NULL,
    -- NULL: all
    organisation_id BIGINT REFERENCES organisation (id),
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);

-- A link that works once: setup (the first operator), invite (a new person), connect (a mailbox's credentials).
CREATE TABLE link (
    key_hash BYTEA PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    role TEXT,
    organisation_id BIGINT REFERENCES organisation (id),
    mailbox_id BIGINT REFERENCES mailbox (id) ON DELETE CASCADE,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX link_mailbox ON link (mailbox_id);

-- A consent, or a single sign-on, that somebody has gone to a provider for.
CREATE TABLE errand (
    state_hash BYTEA PRIMARY KEY NOT NULL,
    -- What the browser that left must show when it comes back.
    browser_hash BYTEA NOT NULL,
    mailbox_id BIGINT REFERENCES mailbox (id) ON DELETE CASCADE,
    -- The link that it was begun from, if it was one.
    link_hash BYTEA,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Who changed what, when. What was changed stands in words, so that it outlives its row.
CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    organisation_id BIGINT,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_organisation ON audit (organisation_id, id);

-- Answers to requests that may be sent again.
CREATE TABLE answer_kept (
    token_id BIGINT NOT NULL REFERENCES api_token (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (token_id, key)
);

-- A test mail that somebody waits for.
CREATE TABLE test_mail (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mailbox_id BIGINT NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    code TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    -- When Mailferry itself had sent it.
    sent_at BIGINT,
    problem TEXT
);
CREATE INDEX test_mail_mailbox ON test_mail (mailbox_id, id);

-- Polls of each day (days since 1970 UTC), for whoever looks back.
CREATE TABLE poll_day (
    mailbox_id BIGINT NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    polls BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, day)
);

-- It is being set up on the page and was not started yet.
ALTER TABLE mailbox ADD COLUMN setup BOOLEAN NOT NULL DEFAULT FALSE;
-- When a copy of the customer's was last changed.
ALTER TABLE mailbox ADD COLUMN copy_changed_at BIGINT;
CREATE INDEX mailbox_inbox ON mailbox (inbox_id);

-- When the importing system said that it has it.
ALTER TABLE message ADD COLUMN acknowledged_at BIGINT;
CREATE INDEX message_mailbox ON message (mailbox, imported_at);
-- What was put aside with its headers, which is looked through for words.
CREATE INDEX ledger_headers ON ledger (updated_at) WHERE headers IS NOT NULL;

-- Finds mail by words of its sender, subject and Message-ID: what is no letter or digit parts words. Where the database's own locale
-- knows no letters but those of ASCII, ICU does, which nearly every build has.
DO $outer$
DECLARE
    rules TEXT := '';
BEGIN
    IF EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu') THEN
        rules := ' COLLATE "und-x-icu"';
    END IF;
    EXECUTE format($create$
        CREATE FUNCTION message_words (from_address TEXT, subject TEXT, message_id TEXT) RETURNS tsvector IMMUTABLE LANGUAGE sql AS $body$
            SELECT to_tsvector('simple'::regconfig, regexp_replace(lower((
                left(coalesce(from_address, ''), 1000) || ' ' || left(coalesce(subject, ''), 1000) || ' '
                || left(coalesce(message_id, ''), 1000)
            )%1$s)%1$s, '[^[:alnum:]]+', ' ', 'g'))
        $body$
    $create$, rules);
END
$outer$;
CREATE INDEX message_search ON message USING gin (message_words(from_address, subject, message_id));
