-- name: insert_cursors
-- Those whose place is taken are left out.
{new_cursors}
WHERE true
ON CONFLICT DO NOTHING;
