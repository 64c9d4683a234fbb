-- Forgets how repositories differ that are not compared any more.
DELETE FROM drift WHERE NOT EXISTS (SELECT 1 FROM repository_watches w WHERE w.repo = drift.repo AND w.compare_at IS NOT NULL)
