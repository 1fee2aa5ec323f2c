-- Issuing CAs that somebody has added. The credential rests sealed in cas.sealed_config. The last four columns are what
-- was found when the CA was last looked at; findings is JSON, a list of sentences.
CREATE TABLE external_cas (
    id UUID NOT NULL PRIMARY KEY REFERENCES cas (id),
    settings TEXT NOT NULL,
    crl_url TEXT,
    ocsp_url TEXT,
    enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    well BOOLEAN,
    checked_at BIGINT,
    findings TEXT NOT NULL,
    credential_ends_at BIGINT
);
