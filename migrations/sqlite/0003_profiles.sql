-- Certificate profiles in versions, and the groups that they reach.

CREATE TABLE profiles (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    current_version INTEGER NOT NULL,
    search_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX profiles__name_key ON profiles (name_key) WHERE deleted_at IS NULL;

-- body: the profile as canonical JSON. on_edit, on_attribute_change: when
-- certificates of earlier versions, or with earlier values, follow.
CREATE TABLE profile_versions (
    profile_id BLOB NOT NULL REFERENCES profiles (id),
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    on_edit TEXT NOT NULL,
    on_attribute_change TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (profile_id, version)
) STRICT;

CREATE TABLE assignments (
    id BLOB NOT NULL PRIMARY KEY,
    profile_id BLOB NOT NULL REFERENCES profiles (id),
    group_id BLOB NOT NULL REFERENCES groups (id),
    mode TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER
) STRICT;
CREATE UNIQUE INDEX assignments__profile_id__group_id ON assignments (profile_id, group_id) WHERE valid_until IS NULL;
CREATE INDEX assignments_by_group ON assignments (group_id) WHERE valid_until IS NULL;
