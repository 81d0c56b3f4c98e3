-- Times are milliseconds since 1970 UTC. Addresses are stored in lower case.

-- Numbers handed out inside the importing transaction. Taking one serialises importers, so message ids become visible
-- in their order: a reader who remembers the last id it saw never misses one.
CREATE TABLE counter (
    name TEXT PRIMARY KEY NOT NULL,
    next BIGINT NOT NULL
);
INSERT INTO counter (name, next) VALUES ('message', 1);

CREATE TABLE inbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    name TEXT,
    reply_from TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE mailbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    inbox_id BIGINT NOT NULL REFERENCES inbox (id),
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    tls TEXT NOT NULL,
    ca_pem TEXT,
    pin_sha256 TEXT,
    username TEXT NOT NULL,
    password_sealed BYTEA,
    start TEXT NOT NULL,
    after_import TEXT NOT NULL,
    interval_ms BIGINT NOT NULL,
    max_size BIGINT NOT NULL,
    paused BOOLEAN NOT NULL DEFAULT FALSE,
    added_at BIGINT NOT NULL,
    -- When to look next; NULL: not before a person has changed something.
    next_poll_at BIGINT,
    -- The server told us to stay away until then.
    hold_until BIGINT,
    failures BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    last_attempt_at BIGINT,
    last_success_at BIGINT,
    last_error TEXT,
    lease_token BIGINT,
    lease_owner TEXT,
    lease_until BIGINT
);
CREATE INDEX mailbox_due ON mailbox (next_poll_at);

CREATE TABLE folder (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mailbox_id BIGINT NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    watched BOOLEAN NOT NULL DEFAULT TRUE,
    UNIQUE (mailbox_id, name)
);

-- One UIDVALIDITY of a folder, as we met it. The newest row of a folder is the one in force.
CREATE TABLE epoch (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    folder_id BIGINT NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    uidvalidity BIGINT NOT NULL,
    -- Every UID below it is finished.
    cursor BIGINT NOT NULL,
    -- UIDs below it were there at the first look.
    boundary BIGINT NOT NULL,
    start_decided BOOLEAN NOT NULL DEFAULT FALSE,
    -- The mailbox was pointed at another server or account, whose UIDs are others.
    closed BOOLEAN NOT NULL DEFAULT FALSE,
    opened_at BIGINT NOT NULL
);
CREATE INDEX epoch_folder ON epoch (folder_id);

-- What became of every UID we ever saw; a row with uid_last stands for a range.
CREATE TABLE ledger (
    epoch_id BIGINT NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid BIGINT NOT NULL,
    uid_last BIGINT,
    state TEXT NOT NULL,
    reason TEXT,
    message_id BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    size BIGINT,
    internal_date BIGINT,
    headers BYTEA,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (epoch_id, uid)
);

-- The cursor looks for the first of these at every commit.
CREATE INDEX ledger_pending ON ledger (epoch_id, uid) WHERE state = 'pending';
-- Every poll looks whether one of these is to be asked for again.
CREATE INDEX ledger_quarantined ON ledger (epoch_id, updated_at) WHERE state = 'quarantined';

-- A mail in an inbox. Mailbox and folder stand in words too, so that a message outlives its mailbox.
CREATE TABLE message (
    id BIGINT PRIMARY KEY,
    inbox_id BIGINT NOT NULL REFERENCES inbox (id),
    epoch_id BIGINT REFERENCES epoch (id) ON DELETE SET NULL,
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    message_id TEXT,
    from_address TEXT,
    subject TEXT,
    size BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    -- Message-ID, From, Date and body, hashed: the same mail that came another way has the same identity.
    identity BYTEA NOT NULL,
    internal_date BIGINT,
    imported_at BIGINT NOT NULL,
    historic BOOLEAN NOT NULL,
    why TEXT NOT NULL,
    UNIQUE (epoch_id, uid, inbox_id)
);
CREATE INDEX message_identity ON message (identity, inbox_id);
CREATE INDEX message_inbox ON message (inbox_id, id);

-- Which UID brought a message, or would have brought it had it not been there already.
CREATE TABLE arrival (
    epoch_id BIGINT NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid BIGINT NOT NULL,
    message_id BIGINT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    PRIMARY KEY (epoch_id, uid, message_id)
);
CREATE INDEX arrival_message ON arrival (message_id);

-- The raw mail, in rows of at most 1 MiB, named by its content.
CREATE TABLE raw_chunk (
    sha256 BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    data BYTEA NOT NULL,
    UNIQUE (sha256, seq)
);

-- A large mail on its way here, chunk by chunk.
CREATE TABLE download_chunk (
    epoch_id BIGINT NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    data BYTEA NOT NULL,
    UNIQUE (epoch_id, uid, seq)
);

-- Mail is stored as it came: compressing megabytes of base64 costs more than it saves.
ALTER TABLE raw_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE download_chunk ALTER COLUMN data SET STORAGE EXTERNAL;

-- What is still to happen to the customer's copy.
CREATE TABLE effect (
    epoch_id BIGINT NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid BIGINT NOT NULL,
    action TEXT NOT NULL,
    -- pending, copied (the copy is in the target folder, the original not yet gone), impossible
    step TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    problem TEXT,
    PRIMARY KEY (epoch_id, uid)
);

CREATE TABLE route (
    recipient TEXT NOT NULL,
    inbox_id BIGINT NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (recipient, inbox_id)
);

-- The polls that found something, failed, or took a decision worth remembering.
CREATE TABLE poll (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mailbox_id BIGINT NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    started_at BIGINT NOT NULL,
    report TEXT NOT NULL,
    notes TEXT NOT NULL
);
CREATE INDEX poll_mailbox ON poll (mailbox_id, id);
