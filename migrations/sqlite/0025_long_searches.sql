-- Searches and counts among very many.

-- How the copies of a certificate are, without reading them.
CREATE INDEX copies_by_certificate ON copies (certificate_id, state);

-- How many there are of each profile, for which devices and people, without reading the certificates.
CREATE INDEX certificates_alive ON certificates (profile_id, device_id, user_id, not_after, id)
    WHERE standing = 'current' AND status = 'valid';

-- What people and devices are searched by, with two more characters at the end of each key, as for certificates: the
-- last letters of a key are the beginning of a trigram too.
DROP TRIGGER users_search_insert;
DROP TRIGGER users_search_delete;
DROP TRIGGER users_search_update;
DROP TABLE users_search;
CREATE VIEW users_searched AS SELECT row_number, search_key || char(10, 10) AS search_key FROM users;
CREATE VIRTUAL TABLE users_search USING fts5 (search_key, content = 'users_searched', content_rowid = 'row_number', tokenize = 'trigram', detail = 'full');
INSERT INTO users_search (users_search) VALUES ('rebuild');
CREATE TRIGGER users_search_insert AFTER INSERT ON users BEGIN
    INSERT INTO users_search (rowid, search_key) VALUES (new.row_number, new.search_key || char(10, 10));
END;
CREATE TRIGGER users_search_delete AFTER DELETE ON users BEGIN
    INSERT INTO users_search (users_search, rowid, search_key)
        VALUES ('delete', old.row_number, old.search_key || char(10, 10));
END;
CREATE TRIGGER users_search_update AFTER UPDATE OF search_key ON users WHEN old.search_key <> new.search_key BEGIN
    INSERT INTO users_search (users_search, rowid, search_key)
        VALUES ('delete', old.row_number, old.search_key || char(10, 10));
    INSERT INTO users_search (rowid, search_key) VALUES (new.row_number, new.search_key || char(10, 10));
END;
CREATE VIRTUAL TABLE users_trigrams USING fts5vocab (users_search, row);

DROP TRIGGER devices_search_insert;
DROP TRIGGER devices_search_delete;
DROP TRIGGER devices_search_update;
DROP TABLE devices_search;
CREATE VIEW devices_searched AS SELECT row_number, search_key || char(10, 10) AS search_key FROM devices;
CREATE VIRTUAL TABLE devices_search USING fts5 (search_key, content = 'devices_searched', content_rowid = 'row_number', tokenize = 'trigram', detail = 'full');
INSERT INTO devices_search (devices_search) VALUES ('rebuild');
CREATE TRIGGER devices_search_insert AFTER INSERT ON devices BEGIN
    INSERT INTO devices_search (rowid, search_key) VALUES (new.row_number, new.search_key || char(10, 10));
END;
CREATE TRIGGER devices_search_delete AFTER DELETE ON devices BEGIN
    INSERT INTO devices_search (devices_search, rowid, search_key)
        VALUES ('delete', old.row_number, old.search_key || char(10, 10));
END;
CREATE TRIGGER devices_search_update AFTER UPDATE OF search_key ON devices WHEN old.search_key <> new.search_key BEGIN
    INSERT INTO devices_search (devices_search, rowid, search_key)
        VALUES ('delete', old.row_number, old.search_key || char(10, 10));
    INSERT INTO devices_search (rowid, search_key) VALUES (new.row_number, new.search_key || char(10, 10));
END;
CREATE VIRTUAL TABLE devices_trigrams USING fts5vocab (devices_search, row);
