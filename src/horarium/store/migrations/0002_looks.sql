-- Which targets have runs that are looked at, and of each those whose time comes first.
CREATE INDEX IF NOT EXISTS callbacks_to_look_at_of_target ON callbacks (target_id, look_ms) WHERE look_ms IS NOT NULL;
