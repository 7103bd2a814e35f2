-- name: queue_by_lane
-- Runs in the queue, counted up to a limit, by lane: those that nobody has claimed and that could begin, those that
-- begin later, and those that workers have; and since when the oldest unclaimed one could begin.
SELECT o.lane, count(CASE WHEN o.owner IS NULL AND o.due_ms <= :now THEN 1 END),
       count(CASE WHEN o.owner IS NULL AND o.due_ms > :now THEN 1 END), count(o.owner),
       min(CASE WHEN o.owner IS NULL THEN o.due_ms END)
FROM (SELECT q.lane, q.owner, q.due_ms FROM ready q LIMIT :limit) AS o
GROUP BY o.lane;

-- name: counts_of_upkeep
-- What waits for something else, each counted up to a limit: callbacks without an answer, fan-outs, and transactions
-- whose audit entries are not in a chain yet.
SELECT (SELECT count(*) FROM (SELECT 1 FROM callbacks WHERE answer IS NULL LIMIT :limit) AS c),
       (SELECT count(*) FROM (SELECT 1 FROM fanouts LIMIT :limit) AS f),
       (SELECT count(*) FROM (SELECT 1 FROM audit_pending LIMIT :limit) AS a);

-- name: nodes_by_life
-- Nodes that have not stopped: those whose lease holds, and those whose lease is over.
SELECT count(CASE WHEN lease_until_ms >= :now THEN 1 END), count(CASE WHEN lease_until_ms < :now THEN 1 END)
FROM nodes WHERE stopped_ms IS NULL;

-- name: workspaces_of_targets
SELECT id, workspace_id FROM targets WHERE id IN (:ids...);
