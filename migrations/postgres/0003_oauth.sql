-- OAuth consents. An access token is kept too, so that many workers and many polls share one.
CREATE TABLE oauth_grant (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider TEXT NOT NULL,
    -- delegated: a person's consent; app-only: the application's own right in one tenant
    kind TEXT NOT NULL,
    -- Who consents; the tenant where it is app-only.
    identity TEXT NOT NULL,
    -- How it was got (code, device): for device codes the application is a public client, which sends no secret.
    flow TEXT,
    refresh_sealed BYTEA,
    access_sealed BYTEA,
    access_expires_at BIGINT,
    -- From then on the access token is renewed before it is used.
    renew_at BIGINT,
        consented_at BIGINT,
    -- When the consent itself ends, where the provider says so.
    consent_ends_at BIGINT,
    refreshed_at BIGINT,
    -- Why there is no token, as JSON.
    problem TEXT,
    problem_since BIGINT,
    -- No token before a person has consented anew.
    needs_consent BOOLEAN NOT NULL DEFAULT FALSE,
        -- Not asked for again before, by our own back-off.
    retry_at BIGINT,
    -- Nor before that, by the provider's word (Retry-After).
    told_until BIGINT,
    failures BIGINT NOT NULL DEFAULT 0,
    -- Grows with each new token, so that of two who bring one the later sees that it is late.
    version BIGINT NOT NULL DEFAULT 0,
    -- Who renews it now.
        lock_token BIGINT,
    lock_owner TEXT,
    lock_until BIGINT,
    UNIQUE (provider, kind, identity)
);

-- What is wrong with an application, for all of its grants at once.
CREATE TABLE oauth_app (
    provider TEXT PRIMARY KEY NOT NULL,
    problem TEXT NOT NULL,
    since BIGINT NOT NULL,
    retry_at BIGINT NOT NULL
);

-- Instead of a password.
ALTER TABLE mailbox ADD COLUMN grant_id BIGINT REFERENCES oauth_grant (id);
CREATE INDEX mailbox_grant ON mailbox (grant_id);
