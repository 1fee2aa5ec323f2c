-- Requests, certificates, revocations, copies on devices, escrowed keys, and the timeline of all of them.
-- trigger_kind: what set it off. enrolment_id: the device's enrolment at the time; another enrolment is another place.

CREATE TABLE requests (
    id BLOB NOT NULL PRIMARY KEY,
    profile_id BLOB NOT NULL,
    profile_version INTEGER NOT NULL,
    holder_kind TEXT NOT NULL,
    holder_id BLOB NOT NULL,
    user_id BLOB REFERENCES users (id),
    device_id BLOB REFERENCES devices (id),
    enrolment_id BLOB REFERENCES enrolments (id),
    state TEXT NOT NULL,
    names TEXT NOT NULL,
    content_digest BLOB NOT NULL,
    trigger_kind TEXT NOT NULL,
    supersedes_id BLOB,
    kept_key_id BLOB,
    public_key_hash BLOB,
    csr BLOB,
    ca_id BLOB REFERENCES cas (id),
    ca_generation_id BLOB REFERENCES ca_generations (id),
    ca_reference TEXT,
    poll_at INTEGER,
    certificate_id BLOB,
    escrowed_key_id BLOB,
    connector TEXT,
    attempt INTEGER NOT NULL,
    retry_at INTEGER,
    cause TEXT,
    remedy TEXT,
    cancelled_reason TEXT,
    cancelled_trigger TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER,
    FOREIGN KEY (profile_id, profile_version) REFERENCES profile_versions (profile_id, version)
) STRICT;
-- Two planners can't both ask: one request in flight for a profile and holder.
CREATE UNIQUE INDEX requests__profile_id__holder_kind__holder_id ON requests (profile_id, holder_kind, holder_id)
    WHERE state NOT IN ('completed', 'cancelled');
CREATE INDEX requests_by_holder ON requests (holder_kind, holder_id);
CREATE INDEX requests_by_user ON requests (user_id);
CREATE INDEX requests_by_device ON requests (device_id);
CREATE INDEX requests_by_state ON requests (state, id);
CREATE INDEX requests_by_public_key ON requests (public_key_hash) WHERE public_key_hash IS NOT NULL;

CREATE TABLE escrowed_keys (
    id BLOB NOT NULL PRIMARY KEY,
    request_id BLOB NOT NULL REFERENCES requests (id),
    public_key_hash BLOB NOT NULL,
    kra_generation_id BLOB NOT NULL REFERENCES kra_generations (id),
    sealed BLOB,
    state TEXT NOT NULL,
    policy TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    stored_at INTEGER,
    destroyed_at INTEGER,
    destroyed_trigger TEXT
) STRICT;
CREATE INDEX escrowed_keys_by_request ON escrowed_keys (request_id);
CREATE INDEX escrowed_keys_by_public_key ON escrowed_keys (public_key_hash);

CREATE TABLE certificates (
    row_number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    request_id BLOB REFERENCES requests (id),
    profile_id BLOB NOT NULL REFERENCES profiles (id),
    profile_version INTEGER NOT NULL,
    holder_kind TEXT NOT NULL,
    holder_id BLOB NOT NULL,
    user_id BLOB REFERENCES users (id),
    device_id BLOB REFERENCES devices (id),
    enrolment_id BLOB REFERENCES enrolments (id),
    trigger_kind TEXT NOT NULL,
    escrow TEXT NOT NULL,
    encryption INTEGER NOT NULL,
    ca_generation_id BLOB NOT NULL REFERENCES ca_generations (id),
    serial BLOB NOT NULL,
    thumbprint BLOB NOT NULL,
    sha1_thumbprint BLOB NOT NULL,
    subject TEXT NOT NULL,
    upn TEXT,
    sans TEXT NOT NULL,
    der BLOB NOT NULL,
    public_key_hash BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    renew_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    standing TEXT NOT NULL,
    held_at INTEGER,
    revoked_at INTEGER,
    reason TEXT,
    content_digest BLOB NOT NULL,
    escrowed_key_id BLOB REFERENCES escrowed_keys (id),
    search_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
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
    id BLOB NOT NULL PRIMARY KEY,
    certificate_id BLOB NOT NULL REFERENCES certificates (id),
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    trigger_kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    explanation TEXT,
    requested_at INTEGER NOT NULL,
    at_ca_at INTEGER,
    crl_number INTEGER,
    in_crl_at INTEGER,
    removed_at INTEGER,
    finished_at INTEGER
) STRICT;
CREATE INDEX revocations_by_certificate ON revocations (certificate_id);
CREATE INDEX revocations_open ON revocations (requested_at) WHERE finished_at IS NULL;

CREATE TABLE copies (
    id BLOB NOT NULL PRIMARY KEY,
    certificate_id BLOB NOT NULL REFERENCES certificates (id),
    device_id BLOB NOT NULL REFERENCES devices (id),
    enrolment_id BLOB NOT NULL REFERENCES enrolments (id),
    profile_id BLOB NOT NULL REFERENCES profiles (id),
    feature TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    channel TEXT NOT NULL,
    management_certificate_id BLOB REFERENCES management_certificates (id),
    envelope_id BLOB,
    offered_at INTEGER,
    installed_at INTEGER,
    removal_offered_at INTEGER,
    removed_at INTEGER,
    cause TEXT,
    remedy TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX copies__certificate_id__enrolment_id__feature ON copies (certificate_id, enrolment_id, feature);
CREATE INDEX copies_by_device ON copies (device_id, state);
CREATE INDEX copies_by_state ON copies (state, id);

CREATE TABLE envelopes (
    id BLOB NOT NULL PRIMARY KEY,
    copy_id BLOB NOT NULL REFERENCES copies (id),
    management_certificate_id BLOB NOT NULL REFERENCES management_certificates (id),
    cms BLOB NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX envelopes__copy_id__management_certificate_id ON envelopes (copy_id, management_certificate_id);

CREATE TABLE timeline (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    step TEXT NOT NULL,
    request_id BLOB,
    certificate_id BLOB,
    copy_id BLOB,
    device_id BLOB,
    user_id BLOB,
    actor TEXT NOT NULL,
    duration_ms INTEGER,
    ok INTEGER NOT NULL,
    cause TEXT,
    remedy TEXT,
    detail TEXT
) STRICT;
CREATE INDEX timeline_by_request ON timeline (request_id, seq) WHERE request_id IS NOT NULL;
CREATE INDEX timeline_by_certificate ON timeline (certificate_id, seq) WHERE certificate_id IS NOT NULL;
CREATE INDEX timeline_by_copy ON timeline (copy_id, seq) WHERE copy_id IS NOT NULL;
CREATE INDEX timeline_by_device ON timeline (device_id, seq) WHERE device_id IS NOT NULL;
CREATE INDEX timeline_by_user ON timeline (user_id, seq) WHERE user_id IS NOT NULL;
