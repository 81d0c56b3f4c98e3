-- Times are milliseconds since 1970 UTC. Addresses are stored in lower case.

-- Numbers handed out inside the importing transaction. Taking one serialises importers, so message ids become visible
-- in their order: a reader who remembers the last id it saw never misses one.
CREATE TABLE counter (
    name TEXT PRIMARY KEY NOT NULL,
    next INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, next) VALUES ('message', 1);

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL UNIQUE,
    name TEXT,
    reply_from TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL UNIQUE,
    inbox_id INTEGER NOT NULL REFERENCES inbox (id),
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tls TEXT NOT NULL,
    ca_pem TEXT,
    pin_sha256 TEXT,
    username TEXT NOT NULL,
    password_sealed BLOB,
    start TEXT NOT NULL,
    after_import TEXT NOT NULL,
    interval_ms INTEGER NOT NULL,
    max_size INTEGER NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    added_at INTEGER NOT NULL,
    -- When to look next; NULL: not before a person has changed something.
    next_poll_at INTEGER,
    -- The server told us to stay away until then.
    hold_until INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER,
    last_attempt_at INTEGER,
    last_success_at INTEGER,
    last_error TEXT,
    lease_token INTEGER,
    lease_owner TEXT,
    lease_until INTEGER
) STRICT;
CREATE INDEX mailbox_due ON mailbox (next_poll_at);

CREATE TABLE folder (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    watched INTEGER NOT NULL DEFAULT 1,
    UNIQUE (mailbox_id, name)
) STRICT;

-- One UIDVALIDITY of a folder, as we met it. The newest row of a folder is the one in force.
CREATE TABLE epoch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder_id INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    uidvalidity INTEGER NOT NULL,
    -- Every UID below it is finished.
    cursor INTEGER NOT NULL,
    -- UIDs below it were there at the first look.
    boundary INTEGER NOT NULL,
    start_decided INTEGER NOT NULL DEFAULT 0,
    -- The mailbox was pointed at another server or account, whose UIDs are others.
    closed INTEGER NOT NULL DEFAULT 0,
    opened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX epoch_folder ON epoch (folder_id);

-- What became of every UID we ever saw; a row with uid_last stands for a range.
CREATE TABLE ledger (
    epoch_id INTEGER NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    uid_last INTEGER,
    state TEXT NOT NULL,
    reason TEXT,
    message_id INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    size INTEGER,
    internal_date INTEGER,
    headers BLOB,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (epoch_id, uid)
) STRICT, WITHOUT ROWID;

-- The cursor looks for the first of these at every commit.
CREATE INDEX ledger_pending ON ledger (epoch_id, uid) WHERE state = 'pending';
-- Every poll looks whether one of these is to be asked for again.
CREATE INDEX ledger_quarantined ON ledger (epoch_id, updated_at) WHERE state = 'quarantined';

-- A mail in an inbox. Mailbox and folder stand in words too, so that a message outlives its mailbox.
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    inbox_id INTEGER NOT NULL REFERENCES inbox (id),
    epoch_id INTEGER REFERENCES epoch (id) ON DELETE SET NULL,
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    message_id TEXT,
    from_address TEXT,
    subject TEXT,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    -- Message-ID, From, Date and body, hashed: the same mail that came another way has the same identity.
    identity BLOB NOT NULL,
    internal_date INTEGER,
    imported_at INTEGER NOT NULL,
    historic INTEGER NOT NULL,
    why TEXT NOT NULL,
    UNIQUE (epoch_id, uid, inbox_id)
) STRICT;
CREATE INDEX message_identity ON message (identity, inbox_id);
CREATE INDEX message_inbox ON message (inbox_id, id);

-- Which UID brought a message, or would have brought it had it not been there already.
CREATE TABLE arrival (
    epoch_id INTEGER NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    PRIMARY KEY (epoch_id, uid, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX arrival_message ON arrival (message_id);

-- The raw mail, in rows of at most 1 MiB, named by its content.
CREATE TABLE raw_chunk (
    sha256 BLOB NOT NULL,
    seq INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (sha256, seq)
) STRICT;

-- A large mail on its way here, chunk by chunk.
CREATE TABLE download_chunk (
    epoch_id INTEGER NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (epoch_id, uid, seq)
) STRICT;

-- What is still to happen to the customer's copy.
CREATE TABLE effect (
    epoch_id INTEGER NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    action TEXT NOT NULL,
    -- pending, copied (the copy is in the target folder, the original not yet gone), impossible
    step TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    PRIMARY KEY (epoch_id, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE route (
    recipient TEXT NOT NULL,
    inbox_id INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (recipient, inbox_id)
) STRICT, WITHOUT ROWID;

-- The polls that found something, failed, or took a decision worth remembering.
CREATE TABLE poll (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    started_at INTEGER NOT NULL,
    report TEXT NOT NULL,
    notes TEXT NOT NULL
) STRICT;
CREATE INDEX poll_mailbox ON poll (mailbox_id, id);
