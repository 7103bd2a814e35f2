-- Runs that another engine has.

-- name: earliest_look
SELECT look_ms FROM callbacks WHERE look_ms IS NOT NULL ORDER BY look_ms LIMIT 1;

-- name: looks_of_targets
-- Targets with runs that are looked at, after the one visited last, and when the next look of each is: as
-- look_shares.TargetLooks. A skip scan, so that its cost depends on the number of targets and not of runs.
WITH RECURSIVE found (target_id) AS (
    SELECT (SELECT target_id FROM callbacks WHERE look_ms IS NOT NULL AND target_id > :after
            ORDER BY target_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.target_id FROM callbacks c WHERE c.look_ms IS NOT NULL AND c.target_id > found.target_id
            ORDER BY c.target_id LIMIT 1)
    FROM found WHERE found.target_id IS NOT NULL
)
SELECT t.id, t.workspace_id, w.weight,
       (SELECT c.look_ms FROM callbacks c WHERE c.target_id = t.id AND c.look_ms IS NOT NULL
        ORDER BY c.look_ms LIMIT 1) AS look_ms
FROM found f JOIN targets t ON t.id = f.target_id JOIN workspaces w ON w.id = t.workspace_id
WHERE f.target_id IS NOT NULL LIMIT :limit;

-- name: move_looks
UPDATE callbacks SET look_ms = r.look_ms FROM rows(run_id bytea, look_ms bigint) AS r
WHERE callbacks.run_id = r.run_id AND callbacks.look_ms IS NOT NULL;

-- name: look_later
-- When runs that go on are looked at again. One that has ended here meanwhile is told to its engine at once.
UPDATE callbacks SET look_ms = r.look_ms FROM rows(run_id bytea, look_ms bigint) AS r
WHERE callbacks.run_id = r.run_id AND (callbacks.look_ms IS NOT NULL AND callbacks.answer IS NULL) IS TRUE;

-- name: tell_later
-- When engines are told again to end runs that have ended here.
UPDATE callbacks SET look_ms = r.look_ms FROM rows(run_id bytea, look_ms bigint) AS r
WHERE callbacks.run_id = r.run_id AND callbacks.look_ms IS NOT NULL AND callbacks.answer IS NOT NULL;

-- name: watched_runs
-- What a look needs to know, as rows.WatchedRun.
SELECT c.run_id, c.workspace_id, c.target_id, t.version AS target_version, c.attempt, c.handle, r.started_ms, c.answer,
       c.deadline_ms, r.error, r.finished_ms, t.updated_ms, r.created_ms
FROM callbacks c JOIN runs r ON r.id = c.run_id JOIN targets t ON t.id = c.target_id
WHERE c.run_id IN (:ids...);

-- name: note_troubles
-- Why looks at runs that go on have failed; NULL: they do not any more.
UPDATE runs SET error = r.error FROM rows(id bytea, error text) AS r
WHERE runs.id = r.id AND runs.state IN ('pending', 'running');

-- name: answer_watched
-- The engine says how runs ended; those that have ended otherwise meanwhile are left out. Nobody looks at them again, so
-- the handle, which may name whom a run was for, is not kept.
UPDATE callbacks SET answer = r.answer, look_ms = NULL, handle = NULL FROM rows(run_id bytea, answer text) AS r
WHERE callbacks.run_id = r.run_id AND (callbacks.answer IS NULL) IS TRUE;

-- name: stop_looking
UPDATE callbacks SET look_ms = NULL, handle = NULL WHERE run_id IN (:ids...) AND answer IS NOT NULL;

-- name: open_watched
-- Runs that are watched and have no answer yet, as rows.OpenWatched.
SELECT c.run_id, c.workspace_id, {fire_of_run} AS fire_id, r.schedule_id, r.row_key, c.attempt, r.started_ms, r.slot_ms IS NOT NULL AS single, r.mode
FROM callbacks c JOIN runs r ON r.id = c.run_id
WHERE c.run_id IN (:ids...) AND (c.answer IS NULL) IS TRUE AND r.state IN ('pending', 'running');
