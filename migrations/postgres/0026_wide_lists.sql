-- Lists of devices, people and members among very many.

-- A platform's devices in the orders of their list.
CREATE INDEX devices_by_platform_and_name ON devices (platform, search_key, id) WHERE deleted_at IS NULL;
CREATE INDEX devices_by_platform_and_contact ON devices (platform, (coalesce(last_contact_at, 0)), id)
    WHERE deleted_at IS NULL;

-- People by their state and by where they come from.
CREATE INDEX users_by_state ON users (state, id);
CREATE INDEX users_by_source ON users (source, id) WHERE deleted_at IS NULL;

-- The members of a group, now and ever, without reading the memberships.
DROP INDEX memberships_ever_by_group;
CREATE INDEX memberships_ever_by_group ON memberships (group_id, member_kind, valid_from, valid_until, member_id);

-- What takes the place of another certificate of a person.
CREATE INDEX requests_replacing ON requests (id)
    WHERE trigger_kind IN ('renewal', 'asked', 'profile_edited', 'attribute_changed', 'copy_lost',
                           'feature_added', 'unblocked');
