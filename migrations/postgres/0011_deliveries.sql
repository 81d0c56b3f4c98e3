-- A value of this installation: public, as the headers of handed-on mail name it, and secret, which signs numbers of deliveries.
CREATE TABLE installation (
    only_row BIGINT PRIMARY KEY NOT NULL CHECK (only_row = 1),
    name TEXT NOT NULL,
    secret BYTEA NOT NULL
);
INSERT INTO installation (only_row, name, secret) VALUES (1, left(md5(gen_random_uuid()::text), 16),
    decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

-- A server that takes the mail of inboxes: by SMTP or LMTP, or a webhook.
CREATE TABLE delivery_target (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- NULL: the target of the configuration, for every inbox without a target of its own.
    inbox_id BIGINT REFERENCES inbox (id) ON DELETE CASCADE,
    -- Its scheme is the protocol. Contains no secret.
    url TEXT NOT NULL,
    -- The envelope recipient; NULL: the inbox's own address.
    recipient TEXT,
    -- The body of a webhook.
    format TEXT CHECK (format IN ('json', 'raw')),
    username TEXT,
    secret_sealed BYTEA,
    -- The secret before the last rotation, which signs too until this time.
    old_secret_sealed BYTEA,
    old_secret_until BIGINT,
    ca_pem TEXT,
    concurrency BIGINT NOT NULL,
    -- The IMAP server, login name and password of the recipient's mailbox; NULL: Mailferry does not look for its mail there.
    look_in TEXT,
    look_username TEXT,
    look_password_sealed BYTEA,
    -- The rule for an attempt whose answer was lost, if the mail is not found.
    when_unknown TEXT NOT NULL CHECK (when_unknown IN ('repeat', 'hold')),
    repair_line_ends BOOLEAN NOT NULL,
    -- TRUE: the built-in store deletes the bytes of a mail some time after it was delivered.
    only_target BOOLEAN NOT NULL DEFAULT FALSE,
    -- Maximum number of mails of one inbox per minute; NULL: no limit.
    rate BIGINT,
    -- FALSE: a target that the configuration no longer names.
    in_use BOOLEAN NOT NULL DEFAULT TRUE,
    paused BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    -- Failed attempts in a row that are the target's own fault; no attempt is made before retry_at.
    failures BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    retry_at BIGINT,
    problem TEXT,
    last_delivered_at BIGINT
);
CREATE INDEX delivery_target_inbox ON delivery_target (inbox_id);

-- The queue of one inbox towards one target. Its lease is the right to send from it.
CREATE TABLE delivery_lane (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id BIGINT NOT NULL REFERENCES delivery_target (id) ON DELETE CASCADE,
    inbox_id BIGINT NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    -- New mail of the inbox is queued here.
    accepts BOOLEAN NOT NULL,
    -- When the first queued delivery may be sent; NULL: none is queued.
    next_at BIGINT,
    -- The earliest retry of a deferred delivery; NULL: none is deferred.
    deferred_at BIGINT,
    -- Nothing is sent before, so that the rate of the target is kept.
    not_before BIGINT,
    lease_token BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    UNIQUE (target_id, inbox_id)
);
CREATE INDEX delivery_lane_inbox ON delivery_lane (inbox_id);
CREATE INDEX delivery_lane_next ON delivery_lane (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_lane_deferred ON delivery_lane (deferred_at) WHERE deferred_at IS NOT NULL;

-- The hand-over of one message to one target.
CREATE TABLE delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane_id BIGINT NOT NULL REFERENCES delivery_lane (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    -- queued and maybe are sent in order; maybe: an earlier attempt may have delivered it. deferred: retried by itself.
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'maybe', 'deferred', 'held', 'delivered', 'dropped')),
    -- The answer of an attempt was lost.
    unsure BOOLEAN NOT NULL DEFAULT FALSE,
    -- Attempts that the target answered with a refusal of this mail, or whose answer was lost.
    attempts BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    last_attempt_at BIGINT,
    retry_at BIGINT,
    -- Why the last attempt failed, as JSON.
    problem TEXT,
    -- The target's answer to the attempt that delivered it.
    answer TEXT,
    finished_at BIGINT,
    -- The bytes of the message are deleted some time after all its deliveries.
    frees_raw BOOLEAN NOT NULL DEFAULT FALSE,
    -- Why a later server returned the mail, as JSON.
    returned TEXT
);
CREATE INDEX delivery_open ON delivery (lane_id, id) WHERE state IN ('queued', 'maybe', 'sending');
CREATE INDEX delivery_deferred ON delivery (lane_id, retry_at) WHERE state = 'deferred';
CREATE INDEX delivery_held ON delivery (lane_id, id) WHERE state = 'held';
CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX delivery_message ON delivery (message_id);
CREATE INDEX delivery_delivered ON delivery (lane_id, finished_at) WHERE state = 'delivered';
CREATE INDEX delivery_frees_raw ON delivery (finished_at) WHERE frees_raw AND finished_at IS NOT NULL;

-- When the bytes of a delivered message were deleted.
ALTER TABLE message ADD COLUMN raw_removed_at BIGINT;
-- When the importing system reported that the same mail had reached it by forwarding.
ALTER TABLE message ADD COLUMN forwarded_at BIGINT;

-- A mail that reached the importing system by forwarding, as it reports.
CREATE TABLE forwarded (
    inbox_id BIGINT NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    -- As in message.
    identity BYTEA NOT NULL,
    -- The target that delivers to the importing system; 0: it reads the built-in store.
    target_id BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    -- The polled copy; NULL: there is none yet.
    message_id BIGINT,
    -- The forwarded copy counts, and the polled one is not delivered.
    keep BOOLEAN NOT NULL,
    PRIMARY KEY (inbox_id, identity, target_id)
);
CREATE INDEX forwarded_seen ON forwarded (seen_at);
CREATE INDEX forwarded_message ON forwarded (message_id) WHERE message_id IS NOT NULL;

-- Mails of a sender that arrived for an inbox in one hour (UTC): too many are a loop.
CREATE TABLE sender_rate (
    inbox_id BIGINT NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    -- The first 200 characters of the address, in lower case: an index takes no text of any length.
    sender TEXT NOT NULL,
    hour BIGINT NOT NULL,
    mails BIGINT NOT NULL,
    PRIMARY KEY (inbox_id, sender, hour)
);
CREATE INDEX sender_rate_hour ON sender_rate (hour);

-- The MTA-STS policy (RFC 8461) of a domain that mail is delivered to directly.
CREATE TABLE mta_sts_policy (
    domain TEXT PRIMARY KEY NOT NULL,
    policy_id TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('enforce', 'testing', 'none')),
    -- The patterns of permitted hosts, with blanks between them.
    hosts TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX mta_sts_policy_expires ON mta_sts_policy (expires_at);

-- The backlog of a folder: the number of its mails, and of those that are not finished; 0: there is none.
ALTER TABLE epoch ADD COLUMN backlog_total BIGINT NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN backlog_left BIGINT NOT NULL DEFAULT 0;
-- When it was found, moved on by every time in which nothing was imported; and when mail was last listed or imported.
ALTER TABLE epoch ADD COLUMN backlog_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN backlog_at BIGINT NOT NULL DEFAULT 0;
