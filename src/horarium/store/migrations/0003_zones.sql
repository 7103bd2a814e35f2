-- Which zone data a schedule's next slot was computed with, once more where no fire passes: an index on the cursors was
-- written to for each of them.

ALTER TABLE schedules ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE schedules ADD COLUMN zone_data TEXT NOT NULL DEFAULT '';
UPDATE schedules SET zone = c.zone, zone_data = c.zone_data FROM cursors c WHERE c.schedule_id = schedules.id;
CREATE INDEX schedules_zone ON schedules (zone_data, zone) WHERE state = 'active';
