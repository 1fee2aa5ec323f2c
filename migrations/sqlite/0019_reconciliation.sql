-- Comparisons of the portal with its CAs and devices, and what they disagree about.
-- place: how far a comparison is, JSON. unreachable: the CAs that could not be asked, and why, JSON.
CREATE TABLE reconciliations (
    id BLOB NOT NULL PRIMARY KEY,
    running INTEGER NOT NULL,
    requested_by TEXT NOT NULL,
    take_over_all INTEGER NOT NULL,
    place TEXT NOT NULL,
    compared INTEGER NOT NULL,
    unreachable TEXT NOT NULL,
    not_looked_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
-- One at a time.
CREATE UNIQUE INDEX reconciliations__running ON reconciliations (running) WHERE running;
CREATE INDEX reconciliations_by_start ON reconciliations (started_at);

-- subject: what it is about, the same for the same disagreement. reconciliation_id: the comparison that saw it last; none
-- where a device's own report said it.
CREATE TABLE discrepancies (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    ca_id BLOB REFERENCES cas (id),
    serial BLOB,
    certificate_id BLOB,
    device_id BLOB,
    copy_id BLOB,
    detail TEXT NOT NULL,
    mending TEXT NOT NULL,
    reconciliation_id BLOB,
    found_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX discrepancies__kind__subject ON discrepancies (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX discrepancies_open ON discrepancies (id) WHERE resolved_at IS NULL;
CREATE INDEX discrepancies_by_copy ON discrepancies (copy_id) WHERE copy_id IS NOT NULL;
CREATE INDEX discrepancies_by_age ON discrepancies (resolved_at) WHERE resolved_at IS NOT NULL;
