-- Until when relying parties may go on with what does not have a revocation yet.
-- crls.earlier_until: the latest nextUpdate of all lists before it, of this shard; null when it is the first.
ALTER TABLE crls ADD COLUMN earlier_until INTEGER;
-- Of lists that are older than that, the newest one kept says the most.
UPDATE crls SET earlier_until = next_update;

-- crl_until: the latest nextUpdate of the lists without it. ocsp_until: of the OCSP answers without it.
ALTER TABLE revocations ADD COLUMN crl_until INTEGER;
ALTER TABLE revocations ADD COLUMN ocsp_until INTEGER;

-- What a CRL says, without a look at the certificates; what has changed since a list; what is on hold.
DROP INDEX issued_certificates_revoked;
CREATE INDEX issued_certificates_revoked
    ON issued_certificates (ca_generation_id, shard, serial, not_after, revoked_at, reason) WHERE revoked_at IS NOT NULL;
CREATE INDEX issued_certificates_by_crl
    ON issued_certificates (ca_generation_id, shard, crl_number, serial, revoked_at, reason)
    WHERE revoked_at IS NOT NULL;
CREATE INDEX issued_certificates_held ON issued_certificates (ca_generation_id, shard, serial) WHERE held;
