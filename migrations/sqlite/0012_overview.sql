-- What the overview counts by, how the audit trail is filtered, the time zone of an account, preflights.

CREATE INDEX certificates_by_creation ON certificates (created_at);
CREATE INDEX revocations_by_request ON revocations (requested_at);
CREATE INDEX audit_events_by_action ON audit_events (action, seq);
CREATE INDEX audit_events_by_address ON audit_events (address, seq) WHERE address IS NOT NULL;

-- A name of the IANA time zone database; null for UTC.
ALTER TABLE accounts ADD COLUMN time_zone TEXT;

-- A test certificate through a connector, its CA and a template. steps: JSON, each step with its time. serial and
-- ca_generation_id stand as soon as the CA has signed, so that whatever stops in the middle, it can be revoked.
CREATE TABLE preflights (
    id BLOB NOT NULL PRIMARY KEY,
    pool TEXT NOT NULL,
    ca TEXT NOT NULL,
    template TEXT NOT NULL,
    state TEXT NOT NULL,
    steps TEXT NOT NULL,
    connector TEXT,
    ca_generation_id BLOB REFERENCES ca_generations (id),
    serial BLOB,
    requested_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX preflights_by_age ON preflights (created_at);
