-- What a plan for everybody asks of very many rows is answered by indexes alone: which devices a person has, which keys
-- are kept, which generation a management certificate is of, and which devices were once somebody's.
DROP INDEX devices_by_owner;
CREATE INDEX devices_by_owner ON devices (owner_id, id) WHERE owner_id IS NOT NULL;
CREATE INDEX escrowed_keys_kept ON escrowed_keys (id) WHERE state <> 'destroyed';
CREATE INDEX management_certificates_of_devices ON management_certificates (enrolment_id, generation, id)
    WHERE enrolment_id IS NOT NULL;
CREATE INDEX device_owners_ended ON device_owners (valid_from) WHERE valid_until IS NOT NULL;
