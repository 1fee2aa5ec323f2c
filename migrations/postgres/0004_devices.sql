-- Devices, who owns them, how they enrolled, and the certificates by which they authenticate.

CREATE TABLE devices (
    id UUID NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    external_id TEXT,
    name TEXT NOT NULL,
    platform TEXT NOT NULL,
    serial_number TEXT,
    imei TEXT,
    meid TEXT,
    wifi_mac TEXT,
    fqdn TEXT,
    state TEXT NOT NULL,
    state_changed_at BIGINT NOT NULL,
    owner_id UUID REFERENCES users (id),
    last_contact_at BIGINT,
    search_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX devices__source__external_id ON devices (source, external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX devices_by_owner ON devices (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX devices_by_serial_number ON devices (serial_number) WHERE serial_number IS NOT NULL;
CREATE INDEX devices_by_state ON devices (state, id);

CREATE TABLE device_owners (
    device_id UUID NOT NULL REFERENCES devices (id),
    user_id UUID NOT NULL REFERENCES users (id),
    valid_from BIGINT NOT NULL,
    valid_until BIGINT
);
CREATE UNIQUE INDEX device_owners__device_id ON device_owners (device_id) WHERE valid_until IS NULL;
CREATE INDEX device_owners_by_user ON device_owners (user_id);

CREATE TABLE enrolments (
    id UUID NOT NULL PRIMARY KEY,
    device_id UUID NOT NULL REFERENCES devices (id),
    state TEXT NOT NULL,
    public_key_hash BYTEA NOT NULL,
    staff_issued_code BOOLEAN NOT NULL,
    confirmed_at BIGINT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX enrolments__device_id ON enrolments (device_id) WHERE state = 'active';
CREATE INDEX enrolments_by_device ON enrolments (device_id);
CREATE INDEX enrolments_by_public_key ON enrolments (public_key_hash);

CREATE TABLE enrolment_codes (
    id UUID NOT NULL PRIMARY KEY,
    code_hash BYTEA NOT NULL,
    device_id UUID NOT NULL REFERENCES devices (id),
    issued_by TEXT NOT NULL,
    staff_issued BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_public_key_hash BYTEA,
    enrolment_id UUID REFERENCES enrolments (id)
);
CREATE UNIQUE INDEX enrolment_codes__code_hash ON enrolment_codes (code_hash);
CREATE INDEX enrolment_codes_by_device ON enrolment_codes (device_id);

-- subject_kind: device or connector. The newest of an enrolment has the highest generation.
CREATE TABLE management_certificates (
    id UUID NOT NULL PRIMARY KEY,
    subject_kind TEXT NOT NULL,
    enrolment_id UUID REFERENCES enrolments (id),
    device_id UUID REFERENCES devices (id),
    connector_id UUID,
    generation BIGINT NOT NULL,
    thumbprint BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    der BYTEA NOT NULL,
    public_key_hash BYTEA NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    superseded_at BIGINT
);
CREATE UNIQUE INDEX management_certificates__thumbprint ON management_certificates (thumbprint);
CREATE UNIQUE INDEX management_certificates__enrolment_id__generation
    ON management_certificates (enrolment_id, generation) WHERE enrolment_id IS NOT NULL;
CREATE INDEX management_certificates_by_device ON management_certificates (device_id);
