-- Records that members are in no more, though nobody took that from them here, unless their grants have changed since.
UPDATE grants
SET state = 'removed_by_hand', since_at = :now, until_at = NULL, reason = NULL,
    history = json_insert(history, '$[#]', json_object('at', CAST(:now AS INTEGER), 'state', 'removed_by_hand', 'cause', 'drift'))
WHERE id IN (SELECT value FROM json_each(:removed)) AND state = 'member' AND since_at < :before
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = grants.id AND o.state IN ('due', 'leased'))
