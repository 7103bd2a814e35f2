CREATE SEQUENCE IF NOT EXISTS event_outbox_order;
