-- Comparisons of the portal with its CAs and devices, and what they disagree about.
-- place: how far a comparison is, JSON. unreachable: the CAs that could not be asked, and why, JSON.
CREATE TABLE reconciliations (
    id UUID NOT NULL PRIMARY KEY,
    running BOOLEAN NOT NULL,
    requested_by TEXT NOT NULL,
    take_over_all BOOLEAN NOT NULL,
    place TEXT NOT NULL,
    compared BIGINT NOT NULL,
    unreachable TEXT NOT NULL,
    not_looked_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
-- One at a time.
CREATE UNIQUE INDEX reconciliations__running ON reconciliations (running) WHERE running;
CREATE INDEX reconciliations_by_start ON reconciliations (started_at);

-- subject: what it is about, the same for the same disagreement. reconciliation_id: the comparison that saw it last; none
-- where a device's own report said it.
CREATE TABLE discrepancies (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    ca_id UUID REFERENCES cas (id),
    serial BYTEA,
    certificate_id UUID,
    device_id UUID,
    copy_id UUID,
    detail TEXT NOT NULL,
    mending TEXT NOT NULL,
    reconciliation_id UUID,
    found_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    resolved_at BIGINT
);
CREATE UNIQUE INDEX discrepancies__kind__subject ON discrepancies (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX discrepancies_open ON discrepancies (id) WHERE resolved_at IS NULL;
CREATE INDEX discrepancies_by_copy ON discrepancies (copy_id) WHERE copy_id IS NOT NULL;
CREATE INDEX discrepancies_by_age ON discrepancies (resolved_at) WHERE resolved_at IS NOT NULL;
