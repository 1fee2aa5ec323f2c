-- Issuing CAs and their generations, the built-in CA's ledger and CRLs, the KRA's generations.

-- A stored private key or credential is sealed with the master key (the sealed_ columns).
CREATE TABLE cas (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    sealed_config BYTEA,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX cas__name ON cas (name) WHERE deleted_at IS NULL;

CREATE TABLE ca_generations (
    id UUID NOT NULL PRIMARY KEY,
    ca_id UUID NOT NULL REFERENCES cas (id),
    generation BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    parent_id UUID REFERENCES ca_generations (id),
    certificate_der BYTEA NOT NULL,
    thumbprint BYTEA NOT NULL,
    public_key_hash BYTEA NOT NULL,
    sealed_key BYTEA,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX ca_generations__ca_id__purpose__generation ON ca_generations (ca_id, purpose, generation);
CREATE UNIQUE INDEX ca_generations__thumbprint ON ca_generations (thumbprint);

-- The built-in CA's ledger: the intended certificate before the signature, der null until signed.
CREATE TABLE issued_certificates (
    ca_generation_id UUID NOT NULL REFERENCES ca_generations (id),
    serial BYTEA NOT NULL,
    public_key_hash BYTEA NOT NULL,
    request_reference TEXT,
    intent BYTEA NOT NULL,
    der BYTEA,
    shard BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    issued_at BIGINT,
    revoked_at BIGINT,
    reason TEXT,
    held BOOLEAN NOT NULL,
    crl_number BIGINT,
    PRIMARY KEY (ca_generation_id, serial)
);
CREATE INDEX issued_certificates_by_public_key ON issued_certificates (public_key_hash);
CREATE UNIQUE INDEX issued_certificates__ca_generation_id__request_reference
    ON issued_certificates (ca_generation_id, request_reference) WHERE request_reference IS NOT NULL;
CREATE INDEX issued_certificates_revoked ON issued_certificates (ca_generation_id, shard, serial)
    WHERE revoked_at IS NOT NULL;

-- The last number that was given to a CRL of a shard: taken by compare-and-swap before the CRL is built.
-- changed_at: the last revocation of the shard, always later than the one before; a CRL says in created_at which
-- change it has, and is stale when that is not the last.
CREATE TABLE crl_numbers (
    ca_generation_id UUID NOT NULL REFERENCES ca_generations (id),
    shard BIGINT NOT NULL,
    number BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (ca_generation_id, shard)
);

CREATE TABLE crls (
    ca_generation_id UUID NOT NULL REFERENCES ca_generations (id),
    shard BIGINT NOT NULL,
    number BIGINT NOT NULL,
    der BYTEA NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    published_at BIGINT,
    PRIMARY KEY (ca_generation_id, shard, number)
);

CREATE TABLE kra_generations (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    generation BIGINT NOT NULL,
    certificate_der BYTEA NOT NULL,
    thumbprint BYTEA NOT NULL,
    sealed_key BYTEA,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX kra_generations__kind__generation ON kra_generations (kind, generation);
