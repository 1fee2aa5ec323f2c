-- Who signs in, and with what: accounts, sessions, tokens. No secret is here, only hashes of secrets.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    user_id BLOB REFERENCES users (id),
    disabled_at INTEGER,
    search_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX accounts__name_key ON accounts (name_key) WHERE deleted_at IS NULL;
CREATE INDEX accounts_by_user ON accounts (user_id) WHERE user_id IS NOT NULL;

-- A way in: method password has an Argon2id hash; others name a subject of an identity provider.
CREATE TABLE sign_in_identities (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    method TEXT NOT NULL,
    subject TEXT NOT NULL,
    secret_hash TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX sign_in_identities__method__subject ON sign_in_identities (method, subject);
CREATE INDEX sign_in_identities_by_account ON sign_in_identities (account_id);

-- group_id null: the role reaches everybody.
CREATE TABLE account_grants (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL,
    group_id BLOB REFERENCES groups (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_grants_by_account ON account_grants (account_id);
CREATE INDEX account_grants_by_role ON account_grants (role);

CREATE TABLE sessions (
    id_hash BLOB NOT NULL PRIMARY KEY,
    account_id BLOB REFERENCES accounts (id),
    data TEXT NOT NULL,
    address TEXT,
    agent TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE setup_links (
    token_hash BLOB NOT NULL PRIMARY KEY,
    account_id BLOB REFERENCES accounts (id),
    purpose TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE api_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    account_id BLOB REFERENCES accounts (id),
    token_hash BLOB NOT NULL,
    roles TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX api_tokens__token_hash ON api_tokens (token_hash);

CREATE TABLE rate_limits (
    name TEXT NOT NULL,
    window_start INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (name, window_start)
) STRICT;

CREATE TABLE idempotency_keys (
    key_hash BLOB NOT NULL PRIMARY KEY,
    request_digest BLOB NOT NULL,
    status INTEGER,
    body BLOB,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
