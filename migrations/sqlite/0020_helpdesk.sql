-- The helpdesk: people found by the beginnings of names, whom somebody looked up last, and words of one or two letters
-- at the end of what a certificate is searched by.

-- Users by the beginning of their user names; also what a search without trigrams goes through.
CREATE INDEX users_by_search_key ON users (search_key, id) WHERE deleted_at IS NULL;

-- Whom somebody looked up, the last first.
CREATE INDEX audit_events_look_ups ON audit_events (actor_id, seq) WHERE action = 'users.look_up';

-- What certificates are searched by, with two more characters at the end of each key: the last letters of a key are the
-- beginning of a trigram too.
DROP TRIGGER certificates_search_insert;
DROP TRIGGER certificates_search_delete;
DROP TRIGGER certificates_search_update;
DROP TABLE certificates_trigrams;
DROP TABLE certificates_search;

CREATE VIEW certificates_searched AS
    SELECT row_number, search_key || char(10, 10) AS search_key, names_key || char(10, 10) AS names_key FROM certificates;
CREATE VIRTUAL TABLE certificates_search USING fts5 (search_key, names_key, content = 'certificates_searched', content_rowid = 'row_number', tokenize = 'trigram', detail = 'full');
INSERT INTO certificates_search (certificates_search) VALUES ('rebuild');
CREATE TRIGGER certificates_search_insert AFTER INSERT ON certificates BEGIN
    INSERT INTO certificates_search (rowid, search_key, names_key)
        VALUES (new.row_number, new.search_key || char(10, 10), new.names_key || char(10, 10));
END;
CREATE TRIGGER certificates_search_delete AFTER DELETE ON certificates BEGIN
    INSERT INTO certificates_search (certificates_search, rowid, search_key, names_key)
        VALUES ('delete', old.row_number, old.search_key || char(10, 10), old.names_key || char(10, 10));
END;
CREATE TRIGGER certificates_search_update AFTER UPDATE OF search_key, names_key ON certificates
    WHEN old.search_key <> new.search_key OR old.names_key <> new.names_key
BEGIN
    INSERT INTO certificates_search (certificates_search, rowid, search_key, names_key)
        VALUES ('delete', old.row_number, old.search_key || char(10, 10), old.names_key || char(10, 10));
    INSERT INTO certificates_search (rowid, search_key, names_key)
        VALUES (new.row_number, new.search_key || char(10, 10), new.names_key || char(10, 10));
END;
CREATE VIRTUAL TABLE certificates_trigrams USING fts5vocab (certificates_search, row);
