-- name: windows_begun
-- As for both, locked: of two nodes one enters them.
SELECT {window_columns} FROM windows WHERE next_ms <= :now ORDER BY id FOR UPDATE;

-- name: windows_of_zone
-- As for both, locked, without those that another node has locked.
SELECT {window_columns}, (SELECT max(p.from_ms) FROM pauses p WHERE p.window_id = windows.id) AS last_ms
FROM windows WHERE zone = :zone AND zone_data = :zone_data ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED;
