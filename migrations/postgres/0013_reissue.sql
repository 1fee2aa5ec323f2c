-- reissue_asked_at: somebody wants another certificate in the place of this one, which stays until then.

ALTER TABLE certificates ADD COLUMN reissue_asked_at BIGINT;
