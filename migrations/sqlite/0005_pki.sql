-- Issuing CAs and their generations, the built-in CA's ledger and CRLs, the KRA's generations.

-- A stored private key or credential is sealed with the master key (the sealed_ columns).
CREATE TABLE cas (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    sealed_config BLOB,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX cas__name ON cas (name) WHERE deleted_at IS NULL;

CREATE TABLE ca_generations (
    id BLOB NOT NULL PRIMARY KEY,
    ca_id BLOB NOT NULL REFERENCES cas (id),
    generation INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    parent_id BLOB REFERENCES ca_generations (id),
    certificate_der BLOB NOT NULL,
    thumbprint BLOB NOT NULL,
    public_key_hash BLOB NOT NULL,
    sealed_key BLOB,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ca_generations__ca_id__purpose__generation ON ca_generations (ca_id, purpose, generation);
CREATE UNIQUE INDEX ca_generations__thumbprint ON ca_generations (thumbprint);

-- The built-in CA's ledger: the intended certificate before the signature, der null until signed.
CREATE TABLE issued_certificates (
    ca_generation_id BLOB NOT NULL REFERENCES ca_generations (id),
    serial BLOB NOT NULL,
    public_key_hash BLOB NOT NULL,
    request_reference TEXT,
    intent BLOB NOT NULL,
    der BLOB,
    shard INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    issued_at INTEGER,
    revoked_at INTEGER,
    reason TEXT,
    held INTEGER NOT NULL,
    crl_number INTEGER,
    PRIMARY KEY (ca_generation_id, serial)
) STRICT;
CREATE INDEX issued_certificates_by_public_key ON issued_certificates (public_key_hash);
CREATE UNIQUE INDEX issued_certificates__ca_generation_id__request_reference
    ON issued_certificates (ca_generation_id, request_reference) WHERE request_reference IS NOT NULL;
CREATE INDEX issued_certificates_revoked ON issued_certificates (ca_generation_id, shard, serial)
    WHERE revoked_at IS NOT NULL;

-- The last number that was given to a CRL of a shard: taken by compare-and-swap before the CRL is built.
-- changed_at: the last revocation of the shard, always later than the one before; a CRL says in created_at which
-- change it has, and is stale when that is not the last.
CREATE TABLE crl_numbers (
    ca_generation_id BLOB NOT NULL REFERENCES ca_generations (id),
    shard INTEGER NOT NULL,
    number INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (ca_generation_id, shard)
) STRICT;

CREATE TABLE crls (
    ca_generation_id BLOB NOT NULL REFERENCES ca_generations (id),
    shard INTEGER NOT NULL,
    number INTEGER NOT NULL,
    der BLOB NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    published_at INTEGER,
    PRIMARY KEY (ca_generation_id, shard, number)
) STRICT;

CREATE TABLE kra_generations (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    generation INTEGER NOT NULL,
    certificate_der BLOB NOT NULL,
    thumbprint BLOB NOT NULL,
    sealed_key BLOB,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX kra_generations__kind__generation ON kra_generations (kind, generation);
