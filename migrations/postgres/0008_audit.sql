-- What was done, by whom, with which permission. canonical is what was digested, octet for octet.

CREATE TABLE audit_events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    permission TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id UUID,
    canonical BYTEA NOT NULL,
    digest BYTEA NOT NULL
);
CREATE INDEX audit_events_by_id ON audit_events (id);
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_target ON audit_events (target_kind, target_id, seq);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, seq) WHERE actor_id IS NOT NULL;
