-- Requests, certificates, revocations, copies on devices, escrowed keys, and the timeline of all of them.
-- trigger_kind: what set it off. enrolment_id: the device's enrolment at the time; another enrolment is another place.

CREATE TABLE requests (
    id UUID NOT NULL PRIMARY KEY,
    profile_id UUID NOT NULL,
    profile_version BIGINT NOT NULL,
    holder_kind TEXT NOT NULL,
    holder_id UUID NOT NULL,
    user_id UUID REFERENCES users (id),
    device_id UUID REFERENCES devices (id),
    enrolment_id UUID REFERENCES enrolments (id),
    state TEXT NOT NULL,
    names TEXT NOT NULL,
    content_digest BYTEA NOT NULL,
    trigger_kind TEXT NOT NULL,
    supersedes_id UUID,
    kept_key_id UUID,
    public_key_hash BYTEA,
    csr BYTEA,
    ca_id UUID REFERENCES cas (id),
    ca_generation_id UUID REFERENCES ca_generations (id),
    ca_reference TEXT,
    poll_at BIGINT,
    certificate_id UUID,
    escrowed_key_id UUID,
    connector TEXT,
    attempt BIGINT NOT NULL,
    retry_at BIGINT,
    cause TEXT,
    remedy TEXT,
    cancelled_reason TEXT,
    cancelled_trigger TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT,
    FOREIGN KEY (profile_id, profile_version) REFERENCES profile_versions (profile_id, version)
);
-- Two planners can't both ask: one request in flight for a profile and holder.
CREATE UNIQUE INDEX requests__profile_id__holder_kind__holder_id ON requests (profile_id, holder_kind, holder_id)
    WHERE state NOT IN ('completed', 'cancelled');
CREATE INDEX requests_by_holder ON requests (holder_kind, holder_id);
CREATE INDEX requests_by_user ON requests (user_id);
CREATE INDEX requests_by_device ON requests (device_id);
CREATE INDEX requests_by_state ON requests (state, id);
CREATE INDEX requests_by_public_key ON requests (public_key_hash) WHERE public_key_hash IS NOT NULL;

CREATE TABLE escrowed_keys (
    id UUID NOT NULL PRIMARY KEY,
    request_id UUID NOT NULL REFERENCES requests (id),
    public_key_hash BYTEA NOT NULL,
    kra_generation_id UUID NOT NULL REFERENCES kra_generations (id),
    sealed BYTEA,
    state TEXT NOT NULL,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    stored_at BIGINT,
    destroyed_at BIGINT,
    destroyed_trigger TEXT
);
CREATE INDEX escrowed_keys_by_request ON escrowed_keys (request_id);
CREATE INDEX escrowed_keys_by_public_key ON escrowed_keys (public_key_hash);

CREATE TABLE certificates (
    id UUID NOT NULL PRIMARY KEY,
    request_id UUID REFERENCES requests (id),
    profile_id UUID NOT NULL REFERENCES profiles (id),
    profile_version BIGINT NOT NULL,
    holder_kind TEXT NOT NULL,
    holder_id UUID NOT NULL,
    user_id UUID REFERENCES users (id),
    device_id UUID REFERENCES devices (id),
    enrolment_id UUID REFERENCES enrolments (id),
    trigger_kind TEXT NOT NULL,
    escrow TEXT NOT NULL,
    encryption BOOLEAN NOT NULL,
    ca_generation_id UUID NOT NULL REFERENCES ca_generations (id),
    serial BYTEA NOT NULL,
    thumbprint BYTEA NOT NULL,
    sha1_thumbprint BYTEA NOT NULL,
    subject TEXT NOT NULL,
    upn TEXT,
    sans TEXT NOT NULL,
    der BYTEA NOT NULL,
    public_key_hash BYTEA NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    renew_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    standing TEXT NOT NULL,
    held_at BIGINT,
    revoked_at BIGINT,
    reason TEXT,
    content_digest BYTEA NOT NULL,
    escrowed_key_id UUID REFERENCES escrowed_keys (id),
    search_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- At most one current certificate for a profile and holder, and at most one predecessor.
CREATE UNIQUE INDEX certificates__profile_id__holder_kind__holder_id__standing
    ON certificates (profile_id, holder_kind, holder_id, standing) WHERE standing IN ('current', 'predecessor');
CREATE UNIQUE INDEX certificates__ca_generation_id__serial ON certificates (ca_generation_id, serial);
CREATE UNIQUE INDEX certificates__thumbprint ON certificates (thumbprint);
CREATE INDEX certificates_by_sha1_thumbprint ON certificates (sha1_thumbprint);
CREATE INDEX certificates_by_serial ON certificates (serial);
CREATE INDEX certificates_by_public_key ON certificates (public_key_hash);
CREATE INDEX certificates_by_holder ON certificates (holder_kind, holder_id);
CREATE INDEX certificates_by_user ON certificates (user_id);
CREATE INDEX certificates_by_device ON certificates (device_id);
CREATE INDEX certificates_by_request ON certificates (request_id);
CREATE INDEX certificates_by_renewal ON certificates (renew_at) WHERE standing = 'current' AND status = 'valid';
CREATE INDEX certificates_by_status ON certificates (status, id);

CREATE TABLE revocations (
    id UUID NOT NULL PRIMARY KEY,
    certificate_id UUID NOT NULL REFERENCES certificates (id),
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    trigger_kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    explanation TEXT,
    requested_at BIGINT NOT NULL,
    at_ca_at BIGINT,
    crl_number BIGINT,
    in_crl_at BIGINT,
    removed_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX revocations_by_certificate ON revocations (certificate_id);
CREATE INDEX revocations_open ON revocations (requested_at) WHERE finished_at IS NULL;

CREATE TABLE copies (
    id UUID NOT NULL PRIMARY KEY,
    certificate_id UUID NOT NULL REFERENCES certificates (id),
    device_id UUID NOT NULL REFERENCES devices (id),
    enrolment_id UUID NOT NULL REFERENCES enrolments (id),
    profile_id UUID NOT NULL REFERENCES profiles (id),
    feature TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    channel TEXT NOT NULL,
    management_certificate_id UUID REFERENCES management_certificates (id),
    envelope_id UUID,
    offered_at BIGINT,
    installed_at BIGINT,
    removal_offered_at BIGINT,
    removed_at BIGINT,
    cause TEXT,
    remedy TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX copies__certificate_id__enrolment_id__feature ON copies (certificate_id, enrolment_id, feature);
CREATE INDEX copies_by_device ON copies (device_id, state);
CREATE INDEX copies_by_state ON copies (state, id);

CREATE TABLE envelopes (
    id UUID NOT NULL PRIMARY KEY,
    copy_id UUID NOT NULL REFERENCES copies (id),
    management_certificate_id UUID NOT NULL REFERENCES management_certificates (id),
    cms BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX envelopes__copy_id__management_certificate_id ON envelopes (copy_id, management_certificate_id);

CREATE TABLE timeline (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    step TEXT NOT NULL,
    request_id UUID,
    certificate_id UUID,
    copy_id UUID,
    device_id UUID,
    user_id UUID,
    actor TEXT NOT NULL,
    duration_ms BIGINT,
    ok BOOLEAN NOT NULL,
    cause TEXT,
    remedy TEXT,
    detail TEXT
);
CREATE INDEX timeline_by_request ON timeline (request_id, seq) WHERE request_id IS NOT NULL;
CREATE INDEX timeline_by_certificate ON timeline (certificate_id, seq) WHERE certificate_id IS NOT NULL;
CREATE INDEX timeline_by_copy ON timeline (copy_id, seq) WHERE copy_id IS NOT NULL;
CREATE INDEX timeline_by_device ON timeline (device_id, seq) WHERE device_id IS NOT NULL;
CREATE INDEX timeline_by_user ON timeline (user_id, seq) WHERE user_id IS NOT NULL;
