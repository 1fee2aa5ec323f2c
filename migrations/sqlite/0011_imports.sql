-- Imports of files: checked, then carried out whole or not at all.

CREATE TABLE imports (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    state TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    wrong_count INTEGER NOT NULL,
    counts TEXT NOT NULL,
    errors TEXT NOT NULL,
    consequences TEXT NOT NULL,
    made_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

-- The files themselves, for as long as they may still be carried out.
CREATE TABLE import_files (
    import_id BLOB NOT NULL PRIMARY KEY REFERENCES imports (id),
    content TEXT NOT NULL
) STRICT;
