-- name: place_cursor
-- A cursor whose new place is taken stays where it is.
UPDATE OR IGNORE cursors SET place = :place WHERE workspace_id = :workspace_id AND schedule_id = :schedule_id;
