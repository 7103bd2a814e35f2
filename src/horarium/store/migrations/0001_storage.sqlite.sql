-- The primary key of `cursors` is their place here, so the schedule needs an index of its own.
CREATE UNIQUE INDEX cursors_of_schedule ON cursors (schedule_id);
