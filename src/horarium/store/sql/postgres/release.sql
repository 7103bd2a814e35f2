-- name: due_schedules
-- As for both, with each cursor locked, and without those that another node has locked. The cursors are chosen before
-- anything is joined to them: otherwise everything that is due would be sorted for every batch.
{cursors_with_targets}
FROM (SELECT * FROM cursors WHERE next_due <= :now ORDER BY next_due LIMIT :limit FOR UPDATE SKIP LOCKED) c
JOIN targets t ON t.id = c.target_id
ORDER BY c.next_due;

-- name: due_schedules_of_workspaces
-- Of each workspace the cursors whose next slot is due soonest.
{cursors_with_targets}
FROM rows(workspace_id bytea, share bigint, now bigint) AS r
CROSS JOIN LATERAL (
    SELECT * FROM cursors WHERE cursors.workspace_id = r.workspace_id AND cursors.next_due <= r.now
    ORDER BY cursors.next_due LIMIT r.share FOR UPDATE SKIP LOCKED
) AS c
JOIN targets t ON t.id = c.target_id;

-- name: waiting_for_resumption
-- As for both, with each cursor locked, and without those that another node has locked.
{cursors_with_targets}
FROM (SELECT * FROM cursors c WHERE c.workspace_id = :workspace_id AND c.next_due = :due AND {not_held_alone} LIMIT :limit
      FOR UPDATE SKIP LOCKED) c
JOIN targets t ON t.id = c.target_id;

-- name: waiting_for_own_resumption
-- As for both, with each cursor locked, and without those that another node has locked.
WITH RECURSIVE {free_with_own_pauses}
{cursors_with_targets}
FROM free w CROSS JOIN LATERAL (
    SELECT * FROM cursors c WHERE c.workspace_id = w.workspace_id AND {own_pause_is_over} LIMIT :limit
    FOR UPDATE SKIP LOCKED
) AS c
JOIN targets t ON t.id = c.target_id LIMIT :limit;
