-- The newest deliveries, newest first: of which storefront, when it came, and whether by webhook.
SELECT source, received_at, list IS NULL AS by_webhook FROM webhook_events WHERE id < '~' ORDER BY id DESC LIMIT :newest
