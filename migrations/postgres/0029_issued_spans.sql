-- What was issued in a span of time is sorted by its expiry without being read, and listed by its issue as it lies.
DROP INDEX certificates_by_creation;
CREATE INDEX certificates_by_creation ON certificates (created_at, id, not_after);
