-- The form of the question for UIDs that this server answers rightly, where it misreads the usual one.
ALTER TABLE mailbox ADD COLUMN list_form TEXT;
-- The server's answers contradicted each other when they were last compared: whether every mail is here is not known.
ALTER TABLE folder ADD COLUMN contradicts INTEGER NOT NULL DEFAULT 0;

-- The content of the mail, and what it has in common with a changed copy of itself: its Message-ID, else its identity.
ALTER TABLE effect ADD COLUMN sha256 BLOB;
ALTER TABLE effect ADD COLUMN kin TEXT;

-- A copy that an effect of ours has moved, removed or marked, written down before the command is sent: what then turns up under a
-- new UID is our own doing and no new mail.
CREATE TABLE departure (
    epoch_id INTEGER NOT NULL REFERENCES epoch (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    kin TEXT NOT NULL,
    -- It was moved or removed, and not only marked.
    is_away INTEGER NOT NULL,
    -- UIDs below it were in the folder before.
    next_uid INTEGER NOT NULL,
    -- Where a move put it, as far as the server tells: UIDVALIDITY of the target folder, its UIDNEXT before, the UID of the copy.
    target_uidvalidity INTEGER,
    target_next INTEGER,
    target_uid INTEGER,
    left_at INTEGER NOT NULL,
    PRIMARY KEY (epoch_id, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX departure_sha256 ON departure (sha256);
CREATE INDEX departure_kin ON departure (epoch_id, kin);
