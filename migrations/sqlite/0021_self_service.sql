-- A person signs in without a certificate: one-time codes that staff reads out. What such a code or a person of staff
-- opened gets no retained key until the person confirms it, and the person is told of it.

-- Of a code only its Argon2id hash is kept. The session that it opens ends at session_ends_at, or when it is ended.
CREATE TABLE sign_in_codes (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    code_hash TEXT NOT NULL,
    issued_by TEXT NOT NULL,
    issuer_account_id BLOB REFERENCES accounts (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    session_ends_at INTEGER,
    confirmed_at INTEGER
) STRICT;
CREATE INDEX sign_in_codes_by_user ON sign_in_codes (user_id, created_at);

-- Which member of staff stands behind a code or an enrolment: a second one approves, not the same.
ALTER TABLE enrolment_codes ADD COLUMN issuer_account_id BLOB REFERENCES accounts (id);
ALTER TABLE enrolments ADD COLUMN staff_account_id BLOB REFERENCES accounts (id);
ALTER TABLE enrolments ADD COLUMN staff_name TEXT;

-- The block that a person put on their own lost device; they lift it themselves as long as it is that one.
CREATE TABLE lost_reports (
    device_id BLOB NOT NULL PRIMARY KEY REFERENCES devices (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    reported_at INTEGER NOT NULL
) STRICT;

CREATE TABLE security_events (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    device_id BLOB REFERENCES devices (id),
    at INTEGER NOT NULL,
    acknowledged_at INTEGER
) STRICT;
CREATE INDEX security_events_by_user ON security_events (user_id, at);
