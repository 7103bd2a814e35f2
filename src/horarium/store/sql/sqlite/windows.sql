-- name: windows_begun
-- In no order: with that of their ids all windows would be read for those that have begun.
SELECT {window_columns} FROM windows WHERE next_ms <= :now;
