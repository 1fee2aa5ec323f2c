-- Long files are checked and carried out as work that goes on by itself. asked_by: in whose name. shown: the digest of
-- the consequences that they saw, if the import is held to it. to_do, done: rows that change something, and those of them
-- that are written.

ALTER TABLE imports ADD COLUMN asked_by TEXT;
ALTER TABLE imports ADD COLUMN shown BLOB;
ALTER TABLE imports ADD COLUMN to_do INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN done INTEGER NOT NULL DEFAULT 0;

-- Nearly all certificates are good: an index by status would be dear for each that is issued, and of use for the few that
-- are not.
DROP INDEX certificates_by_status;
DROP INDEX certificates_by_status_and_expiry;
CREATE INDEX certificates_not_valid ON certificates (status, id) WHERE status <> 'valid';
CREATE INDEX certificates_not_valid_by_expiry ON certificates (status, not_after, id) WHERE status <> 'valid';
CREATE INDEX certificates_not_valid_by_subject ON certificates (status, subject_key, id) WHERE status <> 'valid';
CREATE INDEX certificates_by_profile_and_subject ON certificates (profile_id, subject_key, id);

-- Which trigrams there are: words of one or two letters are found by those that begin with them.
CREATE VIRTUAL TABLE certificates_trigrams USING fts5vocab (certificates_search, row);
