-- part: name_order
-- In the order of code points, whatever the collation of the database.
lower(substr(s.name COLLATE "C", 1, 100))

-- name: ids_with_key_prefix
-- By an index in the order of code points: in other orders, keys with one beginning need not lie together.
SELECT id FROM schedules
WHERE workspace_id = :workspace_id AND dialect = 'native' AND owner_id = :no_owner AND key IS NOT NULL
  AND deleted_ms IS NULL AND key COLLATE "C" >= :low AND key COLLATE "C" < :high LIMIT :limit;
