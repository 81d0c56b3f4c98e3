-- When a poll that did not come to its end last turned to this folder: the others come first then.
ALTER TABLE folder ADD COLUMN visited_at INTEGER;
-- When every UID of the server was last compared with the ledger.
ALTER TABLE folder ADD COLUMN verified_at INTEGER;
-- How far a comparison has come that a poll's end cut short.
ALTER TABLE folder ADD COLUMN compared_to INTEGER NOT NULL DEFAULT 0;
-- UIDs that the server has and the ledger cannot explain, as found by the comparison under way or cut short.
ALTER TABLE folder ADD COLUMN unaccounted INTEGER NOT NULL DEFAULT 0;
-- UIDs that only a comparison has found, since the folder is watched.
ALTER TABLE folder ADD COLUMN found_late INTEGER NOT NULL DEFAULT 0;
-- Polls in a row at which the server gave another UIDVALIDITY than before.
ALTER TABLE folder ADD COLUMN uidvalidity_changes INTEGER NOT NULL DEFAULT 0;

-- The highest UID that was dealt with and lay below UIDNEXT: a UIDNEXT that is not above it gives UIDs a second time.
ALTER TABLE epoch ADD COLUMN top INTEGER NOT NULL DEFAULT 0;
UPDATE epoch SET top = cursor - 1;

-- What the target folder's UIDNEXT was before a COPY was begun; after a crash, what came since tells whether it was done.
ALTER TABLE effect ADD COLUMN target_uidnext INTEGER;
-- The step at which its epoch ended; if the same mail is found in the next epoch, it goes on from there.
ALTER TABLE effect ADD COLUMN void_step TEXT;

-- Bytes of mail fetched on this day, a number of days since 1970 UTC.
ALTER TABLE mailbox ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN day_bytes INTEGER NOT NULL DEFAULT 0;
