-- A disagreement that somebody has looked at and put away. It is listed again when it changes.
ALTER TABLE discrepancies ADD COLUMN dismissed_at BIGINT;
ALTER TABLE discrepancies ADD COLUMN dismissed_by TEXT;
ALTER TABLE discrepancies ADD COLUMN dismissed_because TEXT;
