-- Searches and counts among very many.

-- How the copies of a certificate are, without reading them.
CREATE INDEX copies_by_certificate ON copies (certificate_id, state);
