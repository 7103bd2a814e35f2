-- name: insert_cursors
-- Those whose place is taken are left out.
{new_cursors}
WHERE true
ON CONFLICT DO NOTHING;

-- name: place_cursor
-- Where the place is taken the cursor stays where it lies.
UPDATE OR IGNORE cursors SET place = :place WHERE schedule_id = :schedule_id;
