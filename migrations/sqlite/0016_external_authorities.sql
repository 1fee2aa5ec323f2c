-- Issuing CAs that somebody has added. The credential rests sealed in cas.sealed_config. The last four columns are what
-- was found when the CA was last looked at; findings is JSON, a list of sentences.
CREATE TABLE external_cas (
    id BLOB NOT NULL PRIMARY KEY REFERENCES cas (id),
    settings TEXT NOT NULL,
    crl_url TEXT,
    ocsp_url TEXT,
    enabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    well INTEGER,
    checked_at INTEGER,
    findings TEXT NOT NULL,
    credential_ends_at INTEGER
) STRICT;
