-- What was done, by whom, with which permission. canonical is what was digested, octet for octet.

CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    permission TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id BLOB,
    canonical BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX audit_events_by_id ON audit_events (id);
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_target ON audit_events (target_kind, target_id, seq);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, seq) WHERE actor_id IS NOT NULL;
