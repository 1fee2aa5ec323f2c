-- The queue, connectors, running processes, plans that wait for an administrator, live events.

CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    pool TEXT NOT NULL,
    dedup_key TEXT,
    payload TEXT NOT NULL,
    priority BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    state TEXT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    cause TEXT,
    remedy TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
-- The same work waits only once. Work that is leased may be asked for again: it may have read what has changed since.
CREATE UNIQUE INDEX jobs__kind__dedup_key ON jobs (kind, dedup_key) WHERE state = 'ready' AND dedup_key IS NOT NULL;
CREATE INDEX jobs_ready ON jobs (pool, priority, not_before) WHERE state = 'ready';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'leased';
CREATE INDEX jobs_leased_by_key ON jobs (kind, dedup_key) WHERE state = 'leased';
CREATE INDEX jobs_by_state ON jobs (state, id);

CREATE TABLE connectors (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    pool TEXT NOT NULL,
    state TEXT NOT NULL,
    software_version TEXT,
    last_contact_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX connectors__name ON connectors (name) WHERE deleted_at IS NULL;

CREATE TABLE instances (
    id UUID NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    software_version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);

CREATE TABLE approvals (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    digest BYTEA NOT NULL,
    summary TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    explanation TEXT
);
CREATE UNIQUE INDEX approvals__kind__digest ON approvals (kind, digest) WHERE state = 'waiting';

CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    device_id UUID,
    user_id UUID,
    request_id UUID,
    certificate_id UUID,
    copy_id UUID,
    payload TEXT
);
CREATE INDEX outbox_by_age ON outbox (at);

CREATE TABLE retention (
    kind TEXT NOT NULL PRIMARY KEY,
    days BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
