-- name: hold_webhook
SELECT id FROM webhooks WHERE id = :id AND workspace_id = :workspace_id FOR NO KEY UPDATE;
