-- Pages of schedules for people and products: in any order, by any mixture of filters, and with a bounded number of
-- schedules looked at for each page. A window is the ids of the next schedules in some order; which of them match is
-- asked for these alone.

-- part: name_order
-- Names are compared without regard to upper and lower case, by their first hundred characters. It is the expression of
-- the index.
lower(substr(s.name, 1, 100))

-- name: schedules_among
-- Of some schedules those that match a listing, with what they are put in order by.
SELECT s.id, {name_order} AS called, c.next_due, c.last_fire_id
FROM schedules s JOIN cursors c ON c.schedule_id = s.id
WHERE s.id IN (:ids...) AND COALESCE(s.workspace_id, :workspace_id) = :workspace_id
  {schedule_filters};

-- name: count_schedules_among
SELECT count(*) FROM schedules s
WHERE s.id IN (:ids...) AND COALESCE(s.workspace_id, :workspace_id) = :workspace_id
  {schedule_filters};

-- name: schedules_within_workspace_desc
-- In the order of ids a window is gone through in one step: down, or up, to the id that one of those called
-- `..._further_...` has named.
{all_of_workspace}
  AND s.id < :cursor AND s.id >= :floor ORDER BY s.id DESC LIMIT :limit;

-- name: schedules_within_workspace_asc
{all_of_workspace}
  AND s.id > :cursor AND s.id <= :upto ORDER BY s.id LIMIT :limit;

-- name: schedules_within_label_desc
{all_with_label}
  AND l.schedule_id < :cursor AND l.schedule_id >= :floor ORDER BY l.schedule_id DESC LIMIT :limit;

-- name: schedules_within_label_asc
{all_with_label}
  AND l.schedule_id > :cursor AND l.schedule_id <= :upto ORDER BY l.schedule_id LIMIT :limit;

-- name: schedules_within_target_desc
{all_of_target}
  AND s.id < :cursor AND s.id >= :floor ORDER BY s.id DESC LIMIT :limit;

-- name: schedules_within_target_asc
{all_of_target}
  AND s.id > :cursor AND s.id <= :upto ORDER BY s.id LIMIT :limit;

-- name: window_workspace_desc
SELECT s.id FROM schedules s WHERE s.workspace_id = :workspace_id AND s.id < :cursor ORDER BY s.id DESC LIMIT :limit;

-- name: window_workspace_asc
SELECT s.id FROM schedules s WHERE s.workspace_id = :workspace_id AND s.id > :cursor ORDER BY s.id LIMIT :limit;

-- name: window_label_desc
SELECT l.schedule_id FROM labels l
WHERE l.workspace_id = :workspace_id AND l.name = :label_name AND l.value = :label_value AND l.schedule_id < :cursor
ORDER BY l.schedule_id DESC LIMIT :limit;

-- name: window_label_asc
SELECT l.schedule_id FROM labels l
WHERE l.workspace_id = :workspace_id AND l.name = :label_name AND l.value = :label_value AND l.schedule_id > :cursor
ORDER BY l.schedule_id LIMIT :limit;

-- name: window_target_desc
SELECT s.id FROM schedules s WHERE s.target_id = :target_id AND s.id < :cursor ORDER BY s.id DESC LIMIT :limit;

-- name: window_target_asc
SELECT s.id FROM schedules s WHERE s.target_id = :target_id AND s.id > :cursor ORDER BY s.id LIMIT :limit;

-- name: window_by_name_asc
SELECT s.id, {name_order} AS called FROM schedules s
WHERE s.workspace_id = :workspace_id AND s.deleted_ms IS NULL AND ({name_order}, s.id) > (:called, :cursor)
ORDER BY {name_order}, s.id LIMIT :limit;

-- name: window_by_name_desc
SELECT s.id, {name_order} AS called FROM schedules s
WHERE s.workspace_id = :workspace_id AND s.deleted_ms IS NULL AND ({name_order}, s.id) < (:called, :cursor)
ORDER BY {name_order} DESC, s.id DESC LIMIT :limit;

-- name: window_by_next_fire
-- In the order of the index alone: of those that are due at the same instant any may come first.
SELECT c.next_due, c.schedule_id FROM cursors c
WHERE c.workspace_id = :workspace_id AND c.next_due >= :due AND c.next_due < :before
ORDER BY c.next_due LIMIT :limit;

-- name: window_without_next_fire
SELECT c.schedule_id FROM cursors c
WHERE c.workspace_id = :workspace_id AND c.next_due IS NULL AND c.schedule_id > :cursor
ORDER BY c.schedule_id LIMIT :limit;

-- name: single_last_fires
-- Of the runs of a workspace those that are the last fire of their schedule.
SELECT r.id, r.schedule_id FROM runs r
WHERE r.workspace_id = :workspace_id AND r.id < :cursor AND r.id >= :floor AND r.slot_ms IS NOT NULL
  AND EXISTS (SELECT 1 FROM cursors c WHERE c.schedule_id = r.schedule_id AND c.last_fire_id = r.id)
ORDER BY r.id DESC LIMIT :limit;

-- name: other_last_fires
SELECT f.id, f.schedule_id FROM fires f
WHERE f.workspace_id = :workspace_id AND f.id < :cursor AND f.id >= :floor
  AND EXISTS (SELECT 1 FROM cursors c WHERE c.schedule_id = f.schedule_id AND c.last_fire_id = f.id)
ORDER BY f.id DESC LIMIT :limit;

-- name: ids_with_label
SELECT schedule_id FROM labels
WHERE workspace_id = :workspace_id AND name = :label_name AND value = :label_value LIMIT :limit;

-- name: ids_of_target
SELECT id FROM schedules WHERE target_id = :target_id LIMIT :limit;

-- name: ids_of_dialect
SELECT id FROM schedules
WHERE workspace_id = :workspace_id AND dialect = :dialect AND dialect <> 'native' LIMIT :limit;

-- name: ids_of_failing
SELECT schedule_id FROM cursors WHERE workspace_id = :workspace_id AND failures_in_row > 0 LIMIT :limit;

-- name: ids_due_before
SELECT schedule_id FROM cursors WHERE workspace_id = :workspace_id AND next_due < :next_before LIMIT :limit;

-- name: ids_with_key
SELECT id FROM schedules
WHERE workspace_id = :workspace_id AND dialect = 'native' AND owner_id = :no_owner AND key = :key
  AND deleted_ms IS NULL;

-- name: ids_with_key_prefix
SELECT id FROM schedules
WHERE workspace_id = :workspace_id AND dialect = 'native' AND owner_id = :no_owner AND key IS NOT NULL
  AND deleted_ms IS NULL AND key >= :low AND key < :high LIMIT :limit;

-- name: schedule_further_up_by_workspace
SELECT s.id FROM schedules s WHERE s.workspace_id = :workspace_id AND s.id > :cursor ORDER BY s.id LIMIT 1 OFFSET :skip;

-- name: schedule_further_up_by_label
SELECT l.schedule_id FROM labels l
WHERE l.workspace_id = :workspace_id AND l.name = :label_name AND l.value = :label_value AND l.schedule_id > :cursor
ORDER BY l.schedule_id LIMIT 1 OFFSET :skip;

-- name: schedule_further_up_by_target
SELECT s.id FROM schedules s WHERE s.target_id = :target_id AND s.id > :cursor ORDER BY s.id LIMIT 1 OFFSET :skip;

-- name: schedule_further_down_by_workspace
SELECT s.id FROM schedules s
WHERE s.workspace_id = :workspace_id AND s.id < :cursor ORDER BY s.id DESC LIMIT 1 OFFSET :skip;

-- name: schedule_further_down_by_label
SELECT l.schedule_id FROM labels l
WHERE l.workspace_id = :workspace_id AND l.name = :label_name AND l.value = :label_value AND l.schedule_id < :cursor
ORDER BY l.schedule_id DESC LIMIT 1 OFFSET :skip;

-- name: schedule_further_down_by_target
SELECT s.id FROM schedules s
WHERE s.target_id = :target_id AND s.id < :cursor ORDER BY s.id DESC LIMIT 1 OFFSET :skip;

-- name: count_schedules_within_workspace
SELECT count(*) FROM ({all_of_workspace} AND s.id > :cursor AND s.id <= :upto) AS counted;

-- name: count_schedules_within_label
SELECT count(*) FROM ({all_with_label} AND l.schedule_id > :cursor AND l.schedule_id <= :upto) AS counted;

-- name: count_schedules_within_target
SELECT count(*) FROM ({all_of_target} AND s.id > :cursor AND s.id <= :upto) AS counted;
