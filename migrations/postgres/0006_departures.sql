-- The form of the question for UIDs that this server answers rightly, where it misreads the usual one.
ALTER TABLE mailbox ADD COLUMN list_form TEXT;
-- The server's answers contradicted each other when they were last compared: whether every mail is here is not known.
ALTER TABLE folder ADD COLUMN contradicts BOOLEAN NOT NULL DEFAULT FALSE;

-- The content of the mail, and what it has in common with a changed copy of itself: its Message-ID, else its identity.
ALTER TABLE effect ADD COLUMN sha256 BYTEA;
ALTER TABLE effect ADD COLUMN kin TEXT;

-- A copy that an effect of ours has moved, removed or marked, written down before the command is sent: what then turns up under a
-- new UID is our own doing and no new mail.
CREATE TABLE departure (
    epoch_id BIGINT NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    kin TEXT NOT NULL,
    -- It was moved or removed, and not only marked.
    is_away BOOLEAN NOT NULL,
    -- UIDs below it were in the folder before.
    next_uid BIGINT NOT NULL,
    -- Where a move put it, as far as the server tells: UIDVALIDITY of the target folder, its UIDNEXT before, the UID of the copy.
    target_uidvalidity BIGINT,
    target_next BIGINT,
    target_uid BIGINT,
    left_at BIGINT NOT NULL,
    PRIMARY KEY (epoch_id, uid)
);
CREATE INDEX departure_sha256 ON departure (sha256);
CREATE INDEX departure_kin ON departure (epoch_id, kin);
