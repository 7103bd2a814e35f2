-- name: windows_begun
-- As for both, locked: of two nodes one enters them.
SELECT {window_columns} FROM windows WHERE next_ms <= :now ORDER BY id FOR UPDATE;
