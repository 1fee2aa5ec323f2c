-- Notices by e-mail, and what reports are read from.

-- What notices of a kind say, and whether there are any. Without a row: none are sent, and the standard text is meant.
-- enabled_at: nothing from before is told. collected_until: what happened before that was looked at.
CREATE TABLE notice_templates (
    kind TEXT NOT NULL PRIMARY KEY,
    enabled INTEGER NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    enabled_at INTEGER,
    collected_until INTEGER,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- One letter to one address, as it was written. not_before: the next try, while it waits.
CREATE TABLE notices (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id BLOB REFERENCES users (id),
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    matters INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    cause TEXT,
    remedy TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    sent_at INTEGER
) STRICT;
CREATE INDEX notices_waiting ON notices (not_before, id) WHERE state = 'waiting';
CREATE INDEX notices_by_state ON notices (state, id);
CREATE INDEX notices_by_kind ON notices (kind, id);
CREATE INDEX notices_by_user ON notices (user_id, id) WHERE user_id IS NOT NULL;

-- What was told: one notice for one matter, however often it is looked at.
CREATE TABLE notice_matters (
    kind TEXT NOT NULL,
    matter TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (kind, matter)
) STRICT;
CREATE INDEX notice_matters_by_age ON notice_matters (told_at);

-- Reports that take long to count, as they were counted last. took_ms: for how long that took.
CREATE TABLE report_snapshots (
    name TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    counted_at INTEGER NOT NULL,
    took_ms INTEGER NOT NULL
) STRICT;

-- Who had which device, and who was in which group, on a day.
CREATE INDEX device_owners_by_start ON device_owners (valid_from, device_id);
CREATE INDEX device_owners_by_device ON device_owners (device_id, valid_from);
CREATE INDEX memberships_by_start ON memberships (valid_from, id);
CREATE INDEX memberships_ever_by_member ON memberships (member_kind, member_id, valid_from);
CREATE INDEX memberships_ever_by_group ON memberships (group_id, valid_from);

-- Certificates by the platform of their devices.
CREATE INDEX devices_by_platform ON devices (platform, id);
