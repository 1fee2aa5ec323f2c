-- The helpdesk: people found by the beginnings of names, and whom somebody looked up last.

-- Users and devices by the beginning of their names, in the order of octets.
CREATE INDEX users_by_search_key ON users (search_key COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX devices_by_search_key ON devices (search_key COLLATE "C", id) WHERE deleted_at IS NULL;

-- Whom somebody looked up, the last first.
CREATE INDEX audit_events_look_ups ON audit_events (actor_id, seq) WHERE action = 'users.look_up';
