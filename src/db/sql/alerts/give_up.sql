-- Notes that nobody got an alert, so that the next one tells of the same. Only the holder of the lease on its mail knows, so it
-- goes before the statement that ends the lease.
UPDATE alerts SET failed_at = :now
WHERE id = :id
  AND EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'alert_mail' AND o.subject = alerts.id AND o.lease_id = :lease_id)
