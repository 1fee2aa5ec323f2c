-- Long lists of certificates: sorted and filtered by indexes, searched by their holders' names too; and what is done
-- to many of them at once.
-- subject_key: the subject folded, to sort by. names_key: what users and devices are searched by, of the holder.

ALTER TABLE certificates ADD COLUMN subject_key TEXT NOT NULL DEFAULT '';
ALTER TABLE certificates ADD COLUMN names_key TEXT NOT NULL DEFAULT '';

DROP TRIGGER certificates_search_insert;
DROP TRIGGER certificates_search_delete;
DROP TRIGGER certificates_search_update;
DROP TABLE certificates_search;

UPDATE certificates SET
    subject_key = CASE WHEN subject = '' THEN ''
                       ELSE substr(search_key, 1, instr(search_key || char(10), char(10)) - 1) END,
    names_key = COALESCE((SELECT search_key FROM users WHERE users.id = certificates.user_id), '') || ' ' ||
                COALESCE((SELECT search_key FROM devices WHERE devices.id = certificates.device_id), '');

CREATE VIRTUAL TABLE certificates_search USING fts5 (search_key, names_key, content = 'certificates', content_rowid = 'row_number', tokenize = 'trigram', detail = 'full');
INSERT INTO certificates_search (certificates_search) VALUES ('rebuild');
CREATE TRIGGER certificates_search_insert AFTER INSERT ON certificates BEGIN
    INSERT INTO certificates_search (rowid, search_key, names_key) VALUES (new.row_number, new.search_key, new.names_key);
END;
CREATE TRIGGER certificates_search_delete AFTER DELETE ON certificates BEGIN
    INSERT INTO certificates_search (certificates_search, rowid, search_key, names_key)
        VALUES ('delete', old.row_number, old.search_key, old.names_key);
END;
CREATE TRIGGER certificates_search_update AFTER UPDATE OF search_key, names_key ON certificates
    WHEN old.search_key <> new.search_key OR old.names_key <> new.names_key
BEGIN
    INSERT INTO certificates_search (certificates_search, rowid, search_key, names_key)
        VALUES ('delete', old.row_number, old.search_key, old.names_key);
    INSERT INTO certificates_search (rowid, search_key, names_key) VALUES (new.row_number, new.search_key, new.names_key);
END;

-- Whoever is renamed, or erased, is so in the search for their certificates.
CREATE TRIGGER users_named AFTER UPDATE OF search_key ON users WHEN old.search_key <> new.search_key BEGIN
    UPDATE certificates SET names_key = new.search_key || ' ' ||
        COALESCE((SELECT search_key FROM devices WHERE devices.id = certificates.device_id), '')
        WHERE user_id = new.id;
END;
CREATE TRIGGER devices_named AFTER UPDATE OF search_key ON devices WHEN old.search_key <> new.search_key BEGIN
    UPDATE certificates SET names_key =
        COALESCE((SELECT search_key FROM users WHERE users.id = certificates.user_id), '') || ' ' || new.search_key
        WHERE device_id = new.id;
END;

CREATE INDEX certificates_by_expiry ON certificates (not_after, id);
CREATE INDEX certificates_by_status_and_expiry ON certificates (status, not_after, id);
CREATE INDEX certificates_by_profile ON certificates (profile_id, id);
CREATE INDEX certificates_by_profile_and_expiry ON certificates (profile_id, not_after, id);
CREATE INDEX certificates_by_subject ON certificates (subject_key, id);
CREATE INDEX certificates_by_reason ON certificates (reason, id) WHERE reason IS NOT NULL;

-- What somebody does to many certificates at once.
CREATE TABLE bulk_actions (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    reason TEXT,
    explanation TEXT,
    actor TEXT NOT NULL,
    total INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

-- outcome is null until its turn has come; then done, or failed with its cause.
CREATE TABLE bulk_targets (
    action_id BLOB NOT NULL REFERENCES bulk_actions (id),
    place INTEGER NOT NULL,
    certificate_id BLOB NOT NULL REFERENCES certificates (id),
    outcome TEXT,
    cause TEXT,
    PRIMARY KEY (action_id, place)
) STRICT;
CREATE INDEX bulk_targets_failed ON bulk_targets (action_id, place) WHERE outcome = 'failed';
