-- What the helpdesk's box finds people by.

-- Every part of one or two characters of a text: the index of trigrams knows nothing so short, and looks through
-- everything. The price is for the planner, which otherwise would rather ask it of every row than of the index.
CREATE FUNCTION short_parts(key text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
BEGIN
    RETURN string_to_array(key, NULL)
        || string_to_array(regexp_replace(key, '(..)', E'\\1\x01', 'g'), E'\x01')
        || string_to_array(regexp_replace(substr(key, 2), '(..)', E'\\1\x01', 'g'), E'\x01');
END $$;
CREATE INDEX users_by_short_parts ON users USING gin (short_parts(search_key)) WHERE deleted_at IS NULL;
