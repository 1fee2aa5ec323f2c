-- Imports of files: checked, then carried out whole or not at all.

CREATE TABLE imports (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    state TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    wrong_count BIGINT NOT NULL,
    counts TEXT NOT NULL,
    errors TEXT NOT NULL,
    consequences TEXT NOT NULL,
    made_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);

-- The files themselves, for as long as they may still be carried out.
CREATE TABLE import_files (
    import_id UUID NOT NULL PRIMARY KEY REFERENCES imports (id),
    content TEXT NOT NULL
);
