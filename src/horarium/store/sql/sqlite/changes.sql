-- name: place_cursor
-- A cursor whose new place is taken stays where it is.
UPDATE OR IGNORE cursors SET place = :place WHERE schedule_id = :schedule_id;
