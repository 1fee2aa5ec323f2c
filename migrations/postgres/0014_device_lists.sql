-- Lists of devices by name and by last contact, of all that are not deleted and of one state.

CREATE INDEX devices_by_name ON devices (search_key, id) WHERE deleted_at IS NULL;
CREATE INDEX devices_by_state_and_name ON devices (state, search_key, id);
CREATE INDEX devices_by_contact ON devices ((coalesce(last_contact_at, 0)), id) WHERE deleted_at IS NULL;
CREATE INDEX devices_by_state_and_contact ON devices (state, (coalesce(last_contact_at, 0)), id);

-- What failed or waits for a value, by why: what needs a hand, and what is tried again together.
CREATE INDEX requests_in_trouble ON requests (cause, id) WHERE state IN ('failed', 'waiting');
