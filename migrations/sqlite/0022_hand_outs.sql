-- Roads to a device other than the agent, and the files that are handed out over them.

-- channel: agent, apple_profile, export or download. Only the agent's enrolments have a key: of the others,
-- public_key_hash is 32 zero octets.
ALTER TABLE enrolments ADD COLUMN channel TEXT NOT NULL DEFAULT 'agent';

-- Who signs configuration profiles: the same for years, for devices take a profile in place of another only if both
-- are signed by the same.
CREATE TABLE hand_out_signers (
    number INTEGER NOT NULL PRIMARY KEY,
    ca_generation_id BLOB NOT NULL REFERENCES ca_generations (id),
    certificate_der BLOB NOT NULL,
    sealed_key BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- A file with a certificate and its key that somebody fetches once. token_hash: of the link's secret. sealed: the file,
-- sealed to the KRA, until it is fetched or its time is over. The password of the file is kept nowhere.
CREATE TABLE hand_outs (
    id BLOB NOT NULL PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES devices (id),
    enrolment_id BLOB NOT NULL REFERENCES enrolments (id),
    certificate_id BLOB NOT NULL REFERENCES certificates (id),
    format TEXT NOT NULL,
    file_name TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    kra_generation_id BLOB NOT NULL REFERENCES kra_generations (id),
    sealed BLOB,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    fetched_at INTEGER,
    fetched_from TEXT,
    withdrawn_at INTEGER
) STRICT;
CREATE UNIQUE INDEX hand_outs__token_hash ON hand_outs (token_hash);
CREATE INDEX hand_outs_by_device ON hand_outs (device_id, id);
CREATE INDEX hand_outs_waiting ON hand_outs (expires_at) WHERE sealed IS NOT NULL;
