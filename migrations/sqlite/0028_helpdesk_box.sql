-- What the helpdesk's box finds people by.

-- SQLite's index of words finds parts of one or two characters by the trigrams that begin with them, since
-- 0025_long_searches: there is nothing to add.
SELECT 1;
