-- What there is to do. Each value is the end of an index that holds all that is asked of it, so none costs more than a row,
-- however much has happened: this runs every minute, most often for nothing. Where no list has a row yet, one is due. Rows and
-- deliveries of which no word came are among those that are due, so they are looked for only where something is, and so are recoveries
-- that are to be forgotten, which may as well be later; and what is due of licenses only where one has its turn.
SELECT *,
  CASE WHEN mail_due_at <= :now OR alert_due_at <= :now OR grant_due_at <= :now THEN
    (SELECT queue FROM outbox WHERE next_attempt_at <= :now AND silent_claims >= 2 ORDER BY next_attempt_at LIMIT 1)
  END AS suspect_queue,
  CASE WHEN delivery_due_at <= :now THEN
    (SELECT min(next_attempt_at) FROM webhook_events WHERE next_attempt_at IS NOT NULL AND silent_claims >= 2)
  END AS suspect_delivery_due_at,
  CASE WHEN mail_due_at <= :now OR alert_due_at <= :now OR grant_due_at <= :now OR delivery_due_at <= :now OR watch_due_at <= :now THEN
    (SELECT min(created_at) FROM recoveries)
  END AS oldest_recovery_at,
  CASE WHEN turn_at <= :now THEN
    (SELECT ends_at FROM licenses WHERE turn_at <= :now AND ends_at <= :now ORDER BY turn_at LIMIT 1)
  END AS license_ends_at,
  CASE WHEN turn_at <= :now THEN
    (SELECT remind_at FROM licenses WHERE turn_at <= :now AND remind_at <= :now ORDER BY turn_at LIMIT 1)
  END AS remind_at,
  CASE WHEN turn_at <= :now THEN
    (SELECT activate_at FROM licenses WHERE turn_at <= :now AND activate_at <= :now ORDER BY turn_at LIMIT 1)
  END AS activate_at
FROM (
  SELECT
    (SELECT min(next_attempt_at) FROM webhook_events WHERE next_attempt_at IS NOT NULL) AS delivery_due_at,
    (SELECT min(next_attempt_at) FROM outbox WHERE queue = 'mails' AND next_attempt_at IS NOT NULL) AS mail_due_at,
    (SELECT min(next_attempt_at) FROM outbox WHERE queue = 'alerts' AND next_attempt_at IS NOT NULL) AS alert_due_at,
    (SELECT min(next_attempt_at) FROM outbox WHERE queue = 'grants' AND next_attempt_at IS NOT NULL) AS grant_due_at,
    (SELECT until_at FROM github_pauses WHERE scope = '') AS github_paused_until_at,
    (SELECT min(received_at) FROM webhook_events WHERE payload IS NOT NULL AND processed = 1) AS oldest_payload_at,
    (SELECT min(received_at) FROM webhook_events WHERE payload IS NOT NULL AND processed = 0) AS oldest_waiting_at,
    (SELECT min(turn_at) FROM licenses WHERE turn_at IS NOT NULL) AS turn_at,
    (SELECT coalesce(min(due_at), 0) FROM reconciliations) AS list_due_at,
    (SELECT min(turn_at) FROM repository_watches WHERE turn_at IS NOT NULL) AS watch_due_at,
    (SELECT min(look_at) FROM erased_orders WHERE look_at IS NOT NULL) AS look_at,
    (SELECT max(died_at) FROM outbox WHERE died_at IS NOT NULL AND kind <> 'alert_mail') AS died_at,
    (SELECT max(stuck_at) FROM webhook_events WHERE stuck_at IS NOT NULL AND reason IS NOT 'unmapped_product') AS stuck_at,
    (SELECT max(stuck_at) FROM webhook_events WHERE stuck_at IS NOT NULL AND reason = 'unmapped_product') AS unmapped_at,
    EXISTS (SELECT 1 FROM alert_causes WHERE times > told AND cause > '') AS noted,
    (SELECT max(received_at) FROM webhook_events WHERE list IS NOT NULL) AS found_at,
    (SELECT created_at FROM alerts WHERE cause = 'dead_row' AND created_at <= :now AND failed_at IS NULL
     ORDER BY created_at DESC LIMIT 1) AS told_of_dead_at,
    (SELECT created_at FROM alerts WHERE cause = 'unmapped_product' AND created_at <= :now AND failed_at IS NULL
     ORDER BY created_at DESC LIMIT 1) AS told_of_unmapped_at,
    (SELECT created_at FROM alerts WHERE cause = 'found_by_reconciliation' AND created_at <= :now AND failed_at IS NULL
     ORDER BY created_at DESC LIMIT 1) AS told_of_found_at
)
