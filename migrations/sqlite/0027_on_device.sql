-- Whether a certificate is on a device, or on its way to one: whether any of its copies is neither gone nor going. Those
-- that are on none are found without asking for the copies of all.
ALTER TABLE certificates ADD COLUMN on_device INTEGER NOT NULL DEFAULT 1;
UPDATE certificates SET on_device = 0
WHERE NOT EXISTS (SELECT 1 FROM copies WHERE copies.certificate_id = certificates.id
                  AND copies.state NOT IN ('removing', 'removed'));

CREATE INDEX certificates_on_no_device ON certificates (id) WHERE NOT on_device;
-- What is gone for good is on no device either, and is much more in time.
CREATE INDEX certificates_valid_on_no_device ON certificates (standing, id) WHERE NOT on_device AND status = 'valid';
