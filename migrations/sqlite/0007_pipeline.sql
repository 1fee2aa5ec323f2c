-- The queue, connectors, running processes, plans that wait for an administrator, live events.

CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    pool TEXT NOT NULL,
    dedup_key TEXT,
    payload TEXT NOT NULL,
    priority INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    state TEXT NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER,
    fence INTEGER NOT NULL,
    cause TEXT,
    remedy TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
-- The same work waits only once. Work that is leased may be asked for again: it may have read what has changed since.
CREATE UNIQUE INDEX jobs__kind__dedup_key ON jobs (kind, dedup_key) WHERE state = 'ready' AND dedup_key IS NOT NULL;
CREATE INDEX jobs_ready ON jobs (pool, priority, not_before) WHERE state = 'ready';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'leased';
CREATE INDEX jobs_leased_by_key ON jobs (kind, dedup_key) WHERE state = 'leased';
CREATE INDEX jobs_by_state ON jobs (state, id);

CREATE TABLE connectors (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    pool TEXT NOT NULL,
    state TEXT NOT NULL,
    software_version TEXT,
    last_contact_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX connectors__name ON connectors (name) WHERE deleted_at IS NULL;

CREATE TABLE instances (
    id BLOB NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    software_version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE approvals (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    digest BLOB NOT NULL,
    summary TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    decided_by TEXT,
    decided_at INTEGER,
    explanation TEXT
) STRICT;
CREATE UNIQUE INDEX approvals__kind__digest ON approvals (kind, digest) WHERE state = 'waiting';

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    device_id BLOB,
    user_id BLOB,
    request_id BLOB,
    certificate_id BLOB,
    copy_id BLOB,
    payload TEXT
) STRICT;
CREATE INDEX outbox_by_age ON outbox (at);

CREATE TABLE retention (
    kind TEXT NOT NULL PRIMARY KEY,
    days INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
