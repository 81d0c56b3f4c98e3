-- An organisation is one customer of the helpdesk: every inbox belongs to one, with the mailboxes that feed it, and whoever
-- belongs to one sees nothing of another's.
CREATE TABLE organisation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO organisation (name, created_at) VALUES ('default', 0);

-- What was there before belongs to the first organisation.
ALTER TABLE inbox ADD COLUMN organisation_id INTEGER NOT NULL DEFAULT 1;
CREATE INDEX inbox_organisation ON inbox (organisation_id);

-- Somebody who signs in to the page. An operator belongs to no organisation.
CREATE TABLE person (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    organisation_id INTEGER REFERENCES organisation (id),
    -- Argon2id, as a PHC string; none for those who sign in with an identity provider only.
    password_hash TEXT,
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_login_at INTEGER
) STRICT;

-- Only hashes of what the browser holds are kept, here and below: who reads the database can act as nobody.
CREATE TABLE session (
    key_hash BLOB PRIMARY KEY NOT NULL,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_person ON session (person_id);

-- Failed logins of an account, or from an address.
CREATE TABLE login_failure (
    subject TEXT PRIMARY KEY NOT NULL,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL
) STRICT;

CREATE TABLE api_token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    token_hash BLOB NOT NULL UNIQUE,
    -- read, write
    scope TEXT NOT NULL,
    -- NULL: all
    organisation_id INTEGER REFERENCES organisation (id),
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

-- A link that works once: setup (the first operator), invite (a new person), connect (a mailbox's credentials).
CREATE TABLE link (
    key_hash BLOB PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    role TEXT,
    organisation_id INTEGER REFERENCES organisation (id),
    mailbox_id INTEGER REFERENCES mailbox (id) ON DELETE CASCADE,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX link_mailbox ON link (mailbox_id);

-- A consent, or a single sign-on, that somebody has gone to a provider for.
CREATE TABLE errand (
    state_hash BLOB PRIMARY KEY NOT NULL,
    -- What the browser that left must show when it comes back.
    browser_hash BLOB NOT NULL,
    mailbox_id INTEGER REFERENCES mailbox (id) ON DELETE CASCADE,
    -- The link that it was begun from, if it was one.
    link_hash BLOB,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- Who changed what, when. What was changed stands in words, so that it outlives its row.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    organisation_id INTEGER,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_organisation ON audit (organisation_id, id);

-- Answers to requests that may be sent again.
CREATE TABLE answer_kept (
    token_id INTEGER NOT NULL REFERENCES api_token (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;

-- A test mail that somebody waits for.
CREATE TABLE test_mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    code TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    -- When Mailferry itself had sent it.
    sent_at INTEGER,
    problem TEXT
) STRICT;
CREATE INDEX test_mail_mailbox ON test_mail (mailbox_id, id);

-- Polls of each day (days since 1970 UTC), for whoever looks back.
CREATE TABLE poll_day (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    polls INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, day)
) STRICT, WITHOUT ROWID;

-- It is being set up on the page and was not started yet.
ALTER TABLE mailbox ADD COLUMN setup INTEGER NOT NULL DEFAULT 0;
-- When a copy of the customer's was last changed.
ALTER TABLE mailbox ADD COLUMN copy_changed_at INTEGER;
CREATE INDEX mailbox_inbox ON mailbox (inbox_id);

-- When the importing system said that it has it.
ALTER TABLE message ADD COLUMN acknowledged_at INTEGER;
CREATE INDEX message_mailbox ON message (mailbox, imported_at);
-- What was put aside with its headers, which is looked through for words.
CREATE INDEX ledger_headers ON ledger (updated_at) WHERE headers IS NOT NULL;

-- Finds mail by words of its sender, subject and Message-ID, in the inboxes that somebody may see.
CREATE VIRTUAL TABLE message_search USING fts5 (
    from_address, subject, message_id, inbox_id,
    content = 'message', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3'
);
INSERT INTO message_search (message_search) VALUES ('rebuild');
CREATE TRIGGER message_search_insert AFTER INSERT ON message BEGIN
    INSERT INTO message_search (rowid, from_address, subject, message_id, inbox_id)
    VALUES (new.id, new.from_address, new.subject, new.message_id, new.inbox_id);
END;
CREATE TRIGGER message_search_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_search (message_search, rowid, from_address, subject, message_id, inbox_id)
    VALUES ('delete', old.id, old.from_address, old.subject, old.message_id, old.inbox_id);
END;
