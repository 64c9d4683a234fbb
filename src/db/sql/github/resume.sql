-- Notes that a limit of all of GitHub is over, now that something was done again: the next one is the first in a row. Until when
-- it was stays, since what was due meanwhile is overdue only a while after that.
UPDATE github_pauses SET times = 0 WHERE scope = '' AND until_at <= :now
