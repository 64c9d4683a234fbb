-- Stores a delivery. Repeated with the same id, it changes nothing. The first try, right behind the answer, is counted here.
INSERT INTO webhook_events (id, source, payload, received_at, attempts, silent_claims, next_attempt_at, trace_id)
VALUES (:id, :source, :payload, :now, 1, 1, :abandoned_at, :trace)
ON CONFLICT (id) DO NOTHING
