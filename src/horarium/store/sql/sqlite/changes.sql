-- name: place_cursor
-- Where the place is taken the cursor stays where it lies.
UPDATE OR IGNORE cursors SET place = :place WHERE schedule_id = :schedule_id;
