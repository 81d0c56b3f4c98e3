-- OAuth consents. An access token is kept too, so that many workers and many polls share one.
CREATE TABLE oauth_grant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    -- delegated: a person's consent; app-only: the application's own right in one tenant
    kind TEXT NOT NULL,
    -- Who consents; the tenant where it is app-only.
    identity TEXT NOT NULL,
    -- How it was got (code, device): for device codes the application is a public client, which sends no secret.
    flow TEXT,
    refresh_sealed BLOB,
    access_sealed BLOB,
    access_expires_at INTEGER,
    -- From then on the access token is renewed before it is used.
    renew_at INTEGER,
        consented_at INTEGER,
    -- When the consent itself ends, where the provider says so.
    consent_ends_at INTEGER,
    refreshed_at INTEGER,
    -- Why there is no token, as JSON.
    problem TEXT,
    problem_since INTEGER,
    -- No token before a person has consented anew.
    needs_consent INTEGER NOT NULL DEFAULT 0,
        -- Not asked for again before, by our own back-off.
    retry_at INTEGER,
    -- Nor before that, by the provider's word (Retry-After).
    told_until INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    -- Grows with each new token, so that of two who bring one the later sees that it is late.
    version INTEGER NOT NULL DEFAULT 0,
    -- Who renews it now.
        lock_token INTEGER,
    lock_owner TEXT,
    lock_until INTEGER,
    UNIQUE (provider, kind, identity)
) STRICT;

-- What is wrong with an application, for all of its grants at once.
CREATE TABLE oauth_app (
    provider TEXT PRIMARY KEY NOT NULL,
    problem TEXT NOT NULL,
    since INTEGER NOT NULL,
    retry_at INTEGER NOT NULL
) STRICT;

-- Instead of a password.
ALTER TABLE mailbox ADD COLUMN grant_id INTEGER REFERENCES oauth_grant (id);
CREATE INDEX mailbox_grant ON mailbox (grant_id);
