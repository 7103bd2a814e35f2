-- name: lock_target
-- Two equal schedules of one target must not be made at the same time.
UPDATE targets SET version = version WHERE id = :id;
