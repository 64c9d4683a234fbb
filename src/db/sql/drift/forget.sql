-- Forgets what was found before and is not so any more.
DELETE FROM drift WHERE repo = :repo AND found_at < :now
