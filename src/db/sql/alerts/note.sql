-- Notes that something happened which the operator has to be told of and which no table holds.
INSERT INTO alert_causes (cause, detail, times) VALUES (:cause, :detail, 1)
ON CONFLICT (cause) DO UPDATE SET detail = excluded.detail, times = alert_causes.times + 1
