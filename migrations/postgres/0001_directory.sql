-- Users, groups, memberships, custom attributes: who and what certificates are for.
-- Times are milliseconds since 1970. A unique index is named table__column__column: the name reaches the form's field.

CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
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
    blocked_at BIGINT,
    search_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    erased_at BIGINT
);
CREATE UNIQUE INDEX users__user_name_key ON users (user_name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users__upn_key ON users (upn_key) WHERE deleted_at IS NULL AND upn_key IS NOT NULL;
CREATE UNIQUE INDEX users__source__external_id ON users (source, external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;

CREATE TABLE groups (
    id UUID NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    external_id TEXT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    search_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX groups__name_key ON groups (name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX groups__source__external_id ON groups (source, external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;

-- Who was in which group from when until when. Open while valid_until is null.
CREATE TABLE memberships (
    id UUID NOT NULL PRIMARY KEY,
    group_id UUID NOT NULL REFERENCES groups (id),
    member_kind TEXT NOT NULL,
    member_id UUID NOT NULL,
    source TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_until BIGINT
);
CREATE UNIQUE INDEX memberships__group_id__member_kind__member_id ON memberships (group_id, member_kind, member_id)
    WHERE valid_until IS NULL;
CREATE INDEX memberships_by_member ON memberships (member_kind, member_id) WHERE valid_until IS NULL;

CREATE TABLE custom_attributes (
    id UUID NOT NULL PRIMARY KEY,
    owner_kind TEXT NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX custom_attributes__owner_kind__owner_id__name ON custom_attributes (owner_kind, owner_id, name);
