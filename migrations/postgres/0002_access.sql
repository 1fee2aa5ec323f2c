-- Who signs in, and with what: accounts, sessions, tokens. No secret is here, only hashes of secrets.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    user_id UUID REFERENCES users (id),
    disabled_at BIGINT,
    search_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_sign_in_at BIGINT,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX accounts__name_key ON accounts (name_key) WHERE deleted_at IS NULL;
CREATE INDEX accounts_by_user ON accounts (user_id) WHERE user_id IS NOT NULL;

-- A way in: method password has an Argon2id hash; others name a subject of an identity provider.
CREATE TABLE sign_in_identities (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    method TEXT NOT NULL,
    subject TEXT NOT NULL,
    secret_hash TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX sign_in_identities__method__subject ON sign_in_identities (method, subject);
CREATE INDEX sign_in_identities_by_account ON sign_in_identities (account_id);

-- group_id null: the role reaches everybody.
CREATE TABLE account_grants (
    account_id UUID NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL,
    group_id UUID REFERENCES groups (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX account_grants_by_account ON account_grants (account_id);
CREATE INDEX account_grants_by_role ON account_grants (role);

CREATE TABLE sessions (
    id_hash BYTEA NOT NULL PRIMARY KEY,
    account_id UUID REFERENCES accounts (id),
    data TEXT NOT NULL,
    address TEXT,
    agent TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE setup_links (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    account_id UUID REFERENCES accounts (id),
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE api_tokens (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    account_id UUID REFERENCES accounts (id),
    token_hash BYTEA NOT NULL,
    roles TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX api_tokens__token_hash ON api_tokens (token_hash);

CREATE TABLE rate_limits (
    name TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (name, window_start)
);

CREATE TABLE idempotency_keys (
    key_hash BYTEA NOT NULL PRIMARY KEY,
    request_digest BYTEA NOT NULL,
    status BIGINT,
    body BYTEA,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
