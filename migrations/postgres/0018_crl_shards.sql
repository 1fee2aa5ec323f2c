-- CRLs in shards (RFC 5280, section 5.2.5), and which list has which change.

-- The addresses by which certificates name the shard of the CRL that they are in: the shard's lists name all of them. The
-- full CRL, shard 0, names none.
CREATE TABLE crl_distribution_points (
    ca_generation_id UUID NOT NULL REFERENCES ca_generations (id),
    shard BIGINT NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (ca_generation_id, shard, url)
);

-- changed_at: the change of crl_numbers that gave the certificate its standing: lists with that change, or a later one,
-- have it. Null while it never changed.
ALTER TABLE issued_certificates ADD COLUMN changed_at BIGINT;
UPDATE issued_certificates SET changed_at = 0 WHERE revoked_at IS NOT NULL;
UPDATE issued_certificates SET changed_at =
    COALESCE((SELECT max(n.changed_at) FROM crl_numbers n WHERE n.ca_generation_id = issued_certificates.ca_generation_id
              AND n.shard = issued_certificates.shard), 0)
    WHERE revoked_at IS NOT NULL AND (crl_number IS NULL OR crl_number >
        (SELECT COALESCE(max(l.number), 0) FROM crls l WHERE l.ca_generation_id = issued_certificates.ca_generation_id
         AND l.shard = issued_certificates.shard));
DROP INDEX issued_certificates_by_crl;
DROP INDEX issued_certificates_held;
ALTER TABLE issued_certificates DROP COLUMN crl_number;
CREATE INDEX issued_certificates_changed
    ON issued_certificates (ca_generation_id, shard, changed_at, serial, revoked_at, reason) WHERE changed_at IS NOT NULL;

-- What is asked of lists far more often than the lists themselves, without a walk through their octets.
CREATE INDEX crls_in_short
    ON crls (ca_generation_id, shard, number, this_update, next_update, created_at, earlier_until);
