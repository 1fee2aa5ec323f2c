-- Long lists of certificates: sorted and filtered by indexes, searched by their holders' names too; and what is done
-- to many of them at once.
-- subject_key: the subject folded, to sort by. names_key: what users and devices are searched by, of the holder.

ALTER TABLE certificates ADD COLUMN subject_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE certificates ADD COLUMN names_key TEXT NOT NULL DEFAULT '';

UPDATE certificates SET
    subject_key = CASE WHEN subject = '' THEN '' ELSE split_part(search_key, chr(10), 1) END,
    names_key = COALESCE((SELECT search_key FROM users WHERE users.id = certificates.user_id), '') || ' ' ||
                COALESCE((SELECT search_key FROM devices WHERE devices.id = certificates.device_id), '');

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') THEN
        DROP INDEX IF EXISTS certificates_search;
        CREATE INDEX certificates_search ON certificates USING gin ((search_key || ' ' || names_key) gin_trgm_ops);
    END IF;
END $$;

-- Whoever is renamed, or erased, is so in the search for their certificates.
CREATE FUNCTION certificates_follow_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE certificates SET names_key = new.search_key || ' ' ||
        COALESCE((SELECT search_key FROM devices WHERE devices.id = certificates.device_id), '')
        WHERE user_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_named AFTER UPDATE OF search_key ON users FOR EACH ROW
    WHEN (old.search_key <> new.search_key) EXECUTE FUNCTION certificates_follow_user();
CREATE FUNCTION certificates_follow_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE certificates SET names_key =
        COALESCE((SELECT search_key FROM users WHERE users.id = certificates.user_id), '') || ' ' || new.search_key
        WHERE device_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_named AFTER UPDATE OF search_key ON devices FOR EACH ROW
    WHEN (old.search_key <> new.search_key) EXECUTE FUNCTION certificates_follow_device();

CREATE INDEX certificates_by_expiry ON certificates (not_after, id);
CREATE INDEX certificates_by_status_and_expiry ON certificates (status, not_after, id);
CREATE INDEX certificates_by_profile ON certificates (profile_id, id);
CREATE INDEX certificates_by_profile_and_expiry ON certificates (profile_id, not_after, id);
CREATE INDEX certificates_by_subject ON certificates (subject_key, id);
CREATE INDEX certificates_by_reason ON certificates (reason, id) WHERE reason IS NOT NULL;

-- What somebody does to many certificates at once.
CREATE TABLE bulk_actions (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    reason TEXT,
    explanation TEXT,
    actor TEXT NOT NULL,
    total BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);

-- outcome is null until its turn has come; then done, or failed with its cause.
CREATE TABLE bulk_targets (
    action_id UUID NOT NULL REFERENCES bulk_actions (id),
    place BIGINT NOT NULL,
    certificate_id UUID NOT NULL REFERENCES certificates (id),
    outcome TEXT,
    cause TEXT,
    PRIMARY KEY (action_id, place)
);
CREATE INDEX bulk_targets_failed ON bulk_targets (action_id, place) WHERE outcome = 'failed';
