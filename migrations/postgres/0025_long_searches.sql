-- Searches and counts among very many.

-- How the copies of a certificate are, without reading them.
CREATE INDEX copies_by_certificate ON copies (certificate_id, state);

-- How many there are of each profile, for which devices and people, without reading the certificates.
CREATE INDEX certificates_alive ON certificates (profile_id, device_id, user_id, not_after, id)
    WHERE standing = 'current' AND status = 'valid';
