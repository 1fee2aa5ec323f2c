-- Users, groups, memberships, custom attributes: who and what certificates are for.
-- Times are milliseconds since 1970. A unique index is named table__column__column: the name reaches the form's field.

CREATE TABLE users (
    row_number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    source TEXT NOT NULL,
    external_id TEXT,
    user_name TEXT NOT NULL,
    user_name_key TEXT NOT NULL,
    upn TEXT,
    upn_key TEXT,
    email TEXT,
    display_name TEXT NOT NULL,
    on_prem_dn TEXT,
    sam_account_name TEXT,
    sid TEXT,
    state TEXT NOT NULL,
    blocked_at INTEGER,
    search_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    erased_at INTEGER
) STRICT;
CREATE UNIQUE INDEX users__user_name_key ON users (user_name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users__upn_key ON users (upn_key) WHERE deleted_at IS NULL AND upn_key IS NOT NULL;
CREATE UNIQUE INDEX users__source__external_id ON users (source, external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;

CREATE TABLE groups (
    id BLOB NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    external_id TEXT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    search_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX groups__name_key ON groups (name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX groups__source__external_id ON groups (source, external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;

-- Who was in which group from when until when. Open while valid_until is null.
CREATE TABLE memberships (
    id BLOB NOT NULL PRIMARY KEY,
    group_id BLOB NOT NULL REFERENCES groups (id),
    member_kind TEXT NOT NULL,
    member_id BLOB NOT NULL,
    source TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER
) STRICT;
CREATE UNIQUE INDEX memberships__group_id__member_kind__member_id ON memberships (group_id, member_kind, member_id)
    WHERE valid_until IS NULL;
CREATE INDEX memberships_by_member ON memberships (member_kind, member_id) WHERE valid_until IS NULL;

CREATE TABLE custom_attributes (
    id BLOB NOT NULL PRIMARY KEY,
    owner_kind TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX custom_attributes__owner_kind__owner_id__name ON custom_attributes (owner_kind, owner_id, name);
