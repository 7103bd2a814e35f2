-- part: webhook_columns
w.id, w.workspace_id, w.name, w.url, w.wanted, w.secrets, w.state, w.state_reason, w.position, w.failing_since_ms,
       w.version, w.created_by, w.created_ms, w.updated_ms

-- name: insert_webhook
INSERT INTO webhooks (id, workspace_id, name, url, wanted, secrets, state, state_reason, position, failing_since_ms,
                      owner, epoch, version, created_by, created_ms, updated_ms)
VALUES (:id, :workspace_id, :name, :url, :wanted, :secrets, :state, :state_reason, :position, NULL, NULL, 0, 1,
        :created_by, :created_ms, :updated_ms);

-- name: count_webhooks
SELECT count(*) FROM webhooks WHERE workspace_id = :workspace_id;

-- name: get_webhook
SELECT {webhook_columns} FROM webhooks w WHERE w.id = :id AND w.workspace_id = :workspace_id;

-- name: hold_webhook
-- SQLite has one writer at a time, so that nobody has to wait here.
SELECT id FROM webhooks WHERE id = :id AND workspace_id = :workspace_id;

-- name: list_webhooks
SELECT {webhook_columns} FROM webhooks w WHERE w.workspace_id = :workspace_id AND w.id > :cursor ORDER BY w.id LIMIT :limit;

-- name: update_webhook
-- Whoever has it in hand loses it, and takes it up again as it is now.
UPDATE webhooks SET name = :name, url = :url, wanted = :wanted, secrets = :secrets, state = :state,
    state_reason = CAST(:state_reason AS TEXT), failing_since_ms = CAST(:failing_since_ms AS BIGINT),
    owner = NULL, epoch = epoch + 1, version = version + 1, updated_ms = :updated_ms
WHERE id = :id AND workspace_id = :workspace_id;

-- name: delete_webhook
DELETE FROM webhooks WHERE id = :id AND workspace_id = :workspace_id;

-- name: delete_some_deliveries
DELETE FROM event_deliveries WHERE webhook_id = :id AND number IN (
    SELECT number FROM event_deliveries WHERE webhook_id = :id ORDER BY number LIMIT :limit);

-- name: delete_deliveries
DELETE FROM event_deliveries WHERE webhook_id = :id;

-- name: set_webhook_position
UPDATE webhooks SET position = :position, owner = NULL, epoch = epoch + 1 WHERE id = :id;

-- name: end_of_some_deliveries
SELECT number FROM event_deliveries WHERE webhook_id = :id AND number > :after ORDER BY number LIMIT 1 OFFSET :skip;

-- name: mark_some_replayed
-- Nothing that waits: until the position is set, only its row tells that it is still to be sent.
UPDATE event_deliveries SET state = 'replayed', due_ms = NULL
WHERE webhook_id = :id AND number > :after AND number <= :upto AND state <> 'waiting' AND state <> 'replayed';

-- name: replay_deliveries
-- What has been sent after a number is sent again.
UPDATE event_deliveries SET state = 'replayed', due_ms = NULL WHERE webhook_id = :id AND number > :after;

-- name: replay_waiting
UPDATE event_deliveries SET state = 'replayed', due_ms = NULL
WHERE webhook_id = :id AND number > :after AND state = 'waiting';

-- name: list_deliveries
SELECT number, event_id, type, state, attempts, first_ms, last_ms, due_ms, status, error FROM event_deliveries
WHERE webhook_id = :id AND number < :before AND (CAST(:state AS TEXT) IS NULL OR state = :state)
ORDER BY number DESC LIMIT :limit;

-- name: free_webhooks
SELECT {webhook_columns}, w.epoch FROM webhooks w WHERE w.state = 'enabled' AND w.owner IS NULL ORDER BY w.id LIMIT :limit;

-- name: take_webhook
UPDATE webhooks SET owner = :node, epoch = epoch + 1 WHERE id = :id AND owner IS NULL AND epoch = :epoch;

-- name: free_webhook
UPDATE webhooks SET owner = NULL, epoch = epoch + 1 WHERE id = :id AND owner = :node AND epoch = :epoch;

-- name: webhooks_of_node
-- Those that a node has in hand, and a row without an id where there are some that no node has in hand.
SELECT id, epoch FROM webhooks WHERE owner = :node
UNION ALL SELECT NULL, 0 WHERE EXISTS (SELECT 1 FROM webhooks WHERE state = 'enabled' AND owner IS NULL);

-- name: waiting_deliveries
SELECT d.number, d.attempts, d.first_ms, d.due_ms, d.refused_ms, e.id, e.type, e.schedule_id, e.at_ms, e.told_ms, e.content
FROM event_deliveries d JOIN events e ON e.workspace_id = :workspace_id AND e.number = d.number
WHERE d.webhook_id = :id AND d.state = 'waiting' ORDER BY d.number LIMIT :limit;

-- name: numbers_beyond
SELECT number FROM event_deliveries WHERE webhook_id = :id AND number > :position AND state <> 'replayed';

-- name: move_webhook
UPDATE webhooks SET position = :position, failing_since_ms = CAST(:failing_since_ms AS BIGINT)
WHERE id = :id AND owner = :node AND epoch = :epoch;

-- name: note_deliveries
INSERT INTO event_deliveries (webhook_id, number, event_id, type, state, attempts, first_ms, last_ms, due_ms, status,
                              error, refused_ms)
SELECT webhook_id, number, event_id, type, state, attempts, first_ms, last_ms, due_ms, status, error, refused_ms
FROM rows(webhook_id bytea, number bigint, event_id bytea, type text, state text, attempts bigint, first_ms bigint,
          last_ms bigint, due_ms bigint, status bigint, error text, refused_ms bigint) AS r
WHERE TRUE
ON CONFLICT (webhook_id, number) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
    first_ms = excluded.first_ms, last_ms = excluded.last_ms, due_ms = excluded.due_ms, status = excluded.status,
    error = excluded.error, refused_ms = excluded.refused_ms;

-- name: disable_webhook
UPDATE webhooks SET state = 'disabled', state_reason = :reason, owner = NULL, epoch = epoch + 1,
    version = version + 1, updated_ms = :now
WHERE id = :id AND owner = :node AND epoch = :epoch AND state = 'enabled';
