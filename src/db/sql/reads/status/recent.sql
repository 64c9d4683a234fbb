-- How many of the newest deliveries are in each state, and how their licenses stand. A full count would read the whole table,
-- and the Free plan's reads of a day are for sales.
SELECT state, license_status, processed, count(*) AS number
FROM (
  SELECT s.state, s.license_status, newest.processed
  FROM (SELECT id, processed FROM webhook_events WHERE id < '~' ORDER BY id DESC LIMIT :newest) newest
  JOIN sale_states s ON s.event_id = newest.id
)
GROUP BY state, license_status, processed
