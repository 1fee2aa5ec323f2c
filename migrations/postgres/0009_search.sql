-- Search by any part of a word, over keys that the program has folded (case, accents).
-- Without the right to add pg_trgm, search works all the same, only slower.

DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'the extension pg_trgm is not available: searches will be slower';
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX users_search ON users USING gin (search_key gin_trgm_ops);
        CREATE INDEX devices_search ON devices USING gin (search_key gin_trgm_ops);
        CREATE INDEX certificates_search ON certificates USING gin (search_key gin_trgm_ops);
    END IF;
END $$;
