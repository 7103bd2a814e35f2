-- The deletion of workspaces: at first they are only marked, later everything that they hold is deleted, a piece at a time.
-- Of one whose purge has begun `purge_ms` is 0, and `updated_ms` says from when on it is looked at.

-- name: mark_workspace_deleted
UPDATE workspaces SET deleted_ms = :now, purge_ms = :purge_ms, version = version + 1, updated_ms = :now
WHERE id = :id AND deleted_ms IS NULL;

-- name: unmark_workspace
UPDATE workspaces SET deleted_ms = NULL, purge_ms = NULL, version = version + 1, updated_ms = :now
WHERE id = :id AND purge_ms > :now;

-- name: deleted_workspace
SELECT {workspace_columns} FROM workspaces w WHERE w.id = :id AND w.deleted_ms IS NOT NULL;

-- name: deleted_workspaces
SELECT {workspace_columns} FROM workspaces w
WHERE w.id > :after AND w.purge_ms > 0 ORDER BY w.id LIMIT :limit;

-- part: to_purge
purge_ms <= :now AND updated_ms <= :now

-- name: any_to_purge
SELECT 1 FROM workspaces WHERE {to_purge} LIMIT 1;

-- name: next_to_purge
SELECT id FROM workspaces WHERE {to_purge} ORDER BY purge_ms LIMIT 1;

-- name: begin_purge
UPDATE workspaces SET purge_ms = 0, version = version + 1 WHERE id = :id AND purge_ms > 0;

-- name: purge_again
-- Its slug is free and its name is gone at once.
UPDATE workspaces SET slug = :slug, name = '', version = version + 1, updated_ms = :again_ms WHERE id = :id;

-- part: fits
-- Of a piece of rows whose texts may be large, those that one execution deletes. SQLite takes 25 ms of its writer for a
-- megabyte of texts. One row at least is deleted, whatever its size.
before < 500000

-- part: some_runs
SELECT id FROM runs WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit

-- part: some_fires
SELECT id FROM fires WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit

-- part: some_schedules
SELECT id FROM schedules WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit

-- part: some_targets
SELECT id FROM targets WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit

-- part: some_principals
SELECT id FROM principals WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit

-- name: purge_attempts
DELETE FROM attempts WHERE (run_id, number) IN (
    SELECT run_id, number FROM (
        SELECT run_id, number, sum(bytes) OVER (ORDER BY run_id, number) - bytes AS before FROM (
            SELECT run_id, number, COALESCE(octet_length(error), 0) AS bytes FROM attempts
            WHERE run_id IN ({some_runs}) LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_callbacks
DELETE FROM callbacks WHERE run_id IN ({some_runs});

-- name: purge_ready
DELETE FROM ready WHERE run_id IN ({some_runs});

-- name: purge_runs
DELETE FROM runs WHERE id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, {bytes_of_run} AS bytes FROM runs r
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_spool
DELETE FROM spool WHERE (fire_id, number) IN (
    SELECT fire_id, number FROM (
        SELECT fire_id, number, sum(bytes) OVER (ORDER BY fire_id, number) - bytes AS before FROM (
            SELECT fire_id, number, COALESCE(octet_length(data), 0) AS bytes FROM spool
            WHERE fire_id IN ({some_fires}) LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_fanouts
DELETE FROM fanouts WHERE fire_id IN ({some_fires});

-- name: purge_fires
DELETE FROM fires WHERE id IN ({some_fires});

-- name: purge_spans
DELETE FROM spans WHERE (schedule_id, first_ms) IN (
    SELECT schedule_id, first_ms FROM spans WHERE schedule_id IN ({some_schedules}) LIMIT :limit);

-- name: purge_versions
DELETE FROM versions WHERE (schedule_id, version) IN (
    SELECT schedule_id, version FROM (
        SELECT schedule_id, version, sum(bytes) OVER (ORDER BY schedule_id, version) - bytes AS before FROM (
            SELECT schedule_id, version, COALESCE(octet_length(timing), 0) + COALESCE(octet_length(input), 0) + COALESCE(octet_length(audience), 0) AS bytes FROM versions
            WHERE schedule_id IN ({some_schedules}) LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_labels
DELETE FROM labels WHERE (workspace_id, name, value, schedule_id) IN (
    SELECT workspace_id, name, value, schedule_id FROM labels WHERE schedule_id IN ({some_schedules}) LIMIT :limit);

-- part: first_locked
SELECT schedule_id FROM row_locks WHERE schedule_id IN ({some_schedules}) LIMIT 1

-- name: purge_row_locks
-- Those of one schedule: a row of both columns SQLite would compare with all locks of the schedules.
DELETE FROM row_locks WHERE schedule_id = ({first_locked}) AND row_key IN (
    SELECT row_key FROM row_locks WHERE schedule_id = ({first_locked}) ORDER BY row_key LIMIT :limit);

-- name: purge_cursors
DELETE FROM cursors WHERE schedule_id IN (
    SELECT schedule_id FROM (
        SELECT schedule_id, sum(bytes) OVER (ORDER BY schedule_id) - bytes AS before FROM (
            SELECT schedule_id, COALESCE(octet_length(timing), 0) AS bytes FROM cursors
            WHERE schedule_id IN ({some_schedules}) LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_pauses_of_schedules
DELETE FROM pauses WHERE id IN (
    SELECT id FROM pauses WHERE schedule_id IN ({some_schedules}) LIMIT :limit);

-- name: purge_schedules
DELETE FROM schedules WHERE id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, COALESCE(octet_length(labels), 0) + COALESCE(octet_length(extra), 0) + COALESCE(octet_length(description), 0) + COALESCE(octet_length(note), 0) AS bytes FROM schedules
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_deliveries
DELETE FROM event_deliveries WHERE (webhook_id, number) IN (
    SELECT d.webhook_id, d.number FROM webhooks h JOIN event_deliveries d ON d.webhook_id = h.id
    WHERE h.workspace_id = :workspace_id LIMIT :limit);

-- name: purge_events
DELETE FROM events WHERE workspace_id = :workspace_id AND number IN (
    SELECT number FROM (
        SELECT number, sum(bytes) OVER (ORDER BY number) - bytes AS before FROM (
            SELECT number, COALESCE(octet_length(content), 0) AS bytes FROM events
            WHERE workspace_id = :workspace_id ORDER BY number LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_entries
DELETE FROM audit_entries WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, COALESCE(octet_length(content), 0) AS bytes FROM audit_entries
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_links
DELETE FROM audit_links WHERE workspace_id = :workspace_id AND number IN (
    SELECT number FROM (
        SELECT number, sum(bytes) OVER (ORDER BY number) - bytes AS before FROM (
            SELECT number, COALESCE(octet_length(entries), 0) AS bytes FROM audit_links
            WHERE workspace_id = :workspace_id ORDER BY number LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_answers
DELETE FROM answers WHERE workspace_id = :workspace_id AND (scope, key) IN (
    SELECT scope, key FROM (
        SELECT scope, key, sum(bytes) OVER (ORDER BY scope, key) - bytes AS before FROM (
            SELECT scope, key, COALESCE(octet_length(subject), 0) AS bytes FROM answers
            WHERE workspace_id = :workspace_id ORDER BY scope, key LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_users
DELETE FROM directory_users WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM directory_users WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit);

-- name: purge_contacts
DELETE FROM directory_contacts WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, COALESCE(octet_length(custom), 0) AS bytes FROM directory_contacts
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_deals
DELETE FROM directory_deals WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM directory_deals WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit);

-- name: purge_tasks
DELETE FROM directory_tasks WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM directory_tasks WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit);

-- name: purge_pipelines
DELETE FROM directory_pipelines WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM directory_pipelines WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit);

-- name: purge_stages
DELETE FROM directory_stages WHERE workspace_id = :workspace_id AND id IN (
    SELECT id FROM directory_stages WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit);

-- name: purge_webhooks
DELETE FROM webhooks WHERE id IN (
    SELECT id FROM webhooks WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_outbox
DELETE FROM event_outbox WHERE id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, COALESCE(octet_length(notes), 0) AS bytes FROM event_outbox
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_log
DELETE FROM event_logs WHERE workspace_id = :workspace_id;

-- name: purge_pending
DELETE FROM audit_pending WHERE id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, COALESCE(octet_length(entries), 0) AS bytes FROM audit_pending
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_chain
DELETE FROM audit_chains WHERE workspace_id = :workspace_id;

-- name: purge_actions
DELETE FROM actions WHERE id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, COALESCE(octet_length(filter), 0) + COALESCE(octet_length(given), 0) + COALESCE(octet_length(problems), 0) AS bytes FROM actions
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_erasure_waits
DELETE FROM erasure_waits WHERE (erasure_id, awaited_id) IN (
    SELECT erasure_id, awaited_id FROM erasure_waits WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_erasures
DELETE FROM erasures WHERE id IN (
    SELECT id FROM erasures WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_windows
DELETE FROM windows WHERE id IN (
    SELECT id FROM windows WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_pauses
DELETE FROM pauses WHERE id IN (
    SELECT id FROM pauses WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit);

-- name: purge_sources
DELETE FROM audience_sources WHERE (workspace_id, name) IN (
    SELECT workspace_id, name FROM audience_sources WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_failing
DELETE FROM failing_targets WHERE target_id IN (
    SELECT target_id FROM failing_targets WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_reports
DELETE FROM lane_reports WHERE (target_id, node_id) IN (
    SELECT target_id, node_id FROM lane_reports WHERE target_id IN ({some_targets}) LIMIT :limit);

-- name: purge_paces
DELETE FROM paces WHERE target_id IN ({some_targets});

-- name: purge_mirrors
-- Those that other workspaces have of its targets stay there, switched off for good.
UPDATE targets SET shared_from = NULL, executor = 'none', state = 'disabled', state_reason = 'it is not shared any more',
    version = version + 1
WHERE id IN (
    SELECT id FROM targets WHERE shared_from IN ({some_targets}) AND deleted_ms IS NULL LIMIT :limit);

-- name: purge_source_mirrors
UPDATE audience_sources SET shared_from = NULL, type = 'none', off_reason = 'it is not shared any more'
WHERE (workspace_id, name) IN (
    SELECT workspace_id, name FROM audience_sources
    WHERE shared_from IN (SELECT id FROM audience_sources WHERE workspace_id = :workspace_id) LIMIT :limit);

-- name: purge_targets
DELETE FROM targets WHERE id IN (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
            SELECT id, COALESCE(octet_length(config), 0) + COALESCE(octet_length(description), 0) AS bytes FROM targets
            WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit) AS few) AS piece
    WHERE {fits});

-- name: purge_grants
DELETE FROM grants WHERE workspace_id = :workspace_id AND (principal_id, target_id) IN (
    SELECT principal_id, target_id FROM grants WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_keys
DELETE FROM keys WHERE id IN (SELECT id FROM keys WHERE workspace_id = :workspace_id ORDER BY id LIMIT :limit);

-- name: purge_grants_elsewhere
-- A principal of this workspace may have acted in another one, as one of another may have acted here.
DELETE FROM grants WHERE (principal_id, target_id) IN (
    SELECT principal_id, target_id FROM grants WHERE principal_id IN ({some_principals}) LIMIT :limit);

-- name: purge_keys_elsewhere
DELETE FROM keys WHERE id IN (
    SELECT id FROM keys WHERE principal_id IN ({some_principals}) LIMIT :limit);

-- name: purge_principals
DELETE FROM principals WHERE id IN ({some_principals});

-- name: purge_usage
DELETE FROM workspace_usage WHERE workspace_id = :workspace_id;

-- name: purge_freed
DELETE FROM freed_usage WHERE (workspace_id, id) IN (
    SELECT workspace_id, id FROM freed_usage WHERE workspace_id = :workspace_id LIMIT :limit);

-- name: purge_workspace
DELETE FROM workspaces WHERE id = :workspace_id AND purge_ms IS NOT NULL;
