-- Search by any part of a word, over keys that the program has folded (case, accents).
-- row_number, unlike an implicit rowid, survives VACUUM.

CREATE VIRTUAL TABLE users_search USING fts5 (search_key, content = 'users', content_rowid = 'row_number', tokenize = 'trigram', detail = 'full');
CREATE TRIGGER users_search_insert AFTER INSERT ON users BEGIN
    INSERT INTO users_search (rowid, search_key) VALUES (new.row_number, new.search_key);
END;
CREATE TRIGGER users_search_delete AFTER DELETE ON users BEGIN
    INSERT INTO users_search (users_search, rowid, search_key) VALUES ('delete', old.row_number, old.search_key);
END;
CREATE TRIGGER users_search_update AFTER UPDATE OF search_key ON users WHEN old.search_key <> new.search_key BEGIN
    INSERT INTO users_search (users_search, rowid, search_key) VALUES ('delete', old.row_number, old.search_key);
    INSERT INTO users_search (rowid, search_key) VALUES (new.row_number, new.search_key);
END;

CREATE VIRTUAL TABLE devices_search USING fts5 (search_key, content = 'devices', content_rowid = 'row_number', tokenize = 'trigram', detail = 'full');
CREATE TRIGGER devices_search_insert AFTER INSERT ON devices BEGIN
    INSERT INTO devices_search (rowid, search_key) VALUES (new.row_number, new.search_key);
END;
CREATE TRIGGER devices_search_delete AFTER DELETE ON devices BEGIN
    INSERT INTO devices_search (devices_search, rowid, search_key) VALUES ('delete', old.row_number, old.search_key);
END;
CREATE TRIGGER devices_search_update AFTER UPDATE OF search_key ON devices WHEN old.search_key <> new.search_key BEGIN
    INSERT INTO devices_search (devices_search, rowid, search_key) VALUES ('delete', old.row_number, old.search_key);
    INSERT INTO devices_search (rowid, search_key) VALUES (new.row_number, new.search_key);
END;

CREATE VIRTUAL TABLE certificates_search USING fts5 (search_key, content = 'certificates', content_rowid = 'row_number', tokenize = 'trigram', detail = 'full');
CREATE TRIGGER certificates_search_insert AFTER INSERT ON certificates BEGIN
    INSERT INTO certificates_search (rowid, search_key) VALUES (new.row_number, new.search_key);
END;
CREATE TRIGGER certificates_search_delete AFTER DELETE ON certificates BEGIN
    INSERT INTO certificates_search (certificates_search, rowid, search_key) VALUES ('delete', old.row_number, old.search_key);
END;
CREATE TRIGGER certificates_search_update AFTER UPDATE OF search_key ON certificates WHEN old.search_key <> new.search_key BEGIN
    INSERT INTO certificates_search (certificates_search, rowid, search_key) VALUES ('delete', old.row_number, old.search_key);
    INSERT INTO certificates_search (rowid, search_key) VALUES (new.row_number, new.search_key);
END;
