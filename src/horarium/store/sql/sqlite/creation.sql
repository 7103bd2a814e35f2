-- name: insert_cursors
-- Without those whose place is taken.
{new_cursors}
WHERE true
ON CONFLICT DO NOTHING;
