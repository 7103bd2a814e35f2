-- Since when an event has not arrived although others have. A node of the version before leaves it as it is.
ALTER TABLE event_deliveries ADD COLUMN refused_ms BIGINT;
