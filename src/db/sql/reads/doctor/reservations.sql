-- How many invitations to each repository began since then.
SELECT repo, count(*) AS begun FROM invitation_reservations WHERE reserved_at > :since GROUP BY repo
