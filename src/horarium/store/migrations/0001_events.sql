-- What has happened and has no place in the log of its workspace yet: the notes of one transaction and workspace in a row.
-- On PostgreSQL `place` is in the order in which transactions wrote their rows; on SQLite it is empty, and rows are in
-- that order by themselves.
CREATE TABLE IF NOT EXISTS event_outbox (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    notes BYTEA NOT NULL,
    place BIGINT{written_order}
);

-- The log of each workspace whose events are recorded: the number of its last event, up to which number its events have
-- been deleted, and until when somebody who reads the log without a webhook may come back.
CREATE TABLE IF NOT EXISTS event_logs (
    workspace_id BYTEA PRIMARY KEY,
    number BIGINT NOT NULL,
    forgotten BIGINT NOT NULL,
    wanted_until_ms BIGINT NOT NULL
);

-- `content` is the JSON that is shown and sent.
CREATE TABLE IF NOT EXISTS events (
    workspace_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    id BYTEA NOT NULL,
    type TEXT NOT NULL,
    schedule_id BYTEA,
    at_ms BIGINT NOT NULL,
    told_ms BIGINT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (workspace_id, number)
){clustered};
CREATE UNIQUE INDEX IF NOT EXISTS events_by_id ON events (workspace_id, id);

-- Where events are sent. Of those up to `position` each was sent, is not wanted, or has a row in `event_deliveries`.
-- `failing_since_ms`: since when nothing that was sent has arrived. A node that has the webhook in hand is its owner.
CREATE TABLE IF NOT EXISTS webhooks (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    wanted TEXT NOT NULL,
    secrets BYTEA NOT NULL,
    state TEXT NOT NULL,
    state_reason TEXT,
    position BIGINT NOT NULL,
    failing_since_ms BIGINT,
    owner BYTEA,
    epoch BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_by BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS webhooks_of_workspace ON webhooks (workspace_id, id);

-- What became of events that were sent. `due_ms` is when a waiting one is sent again.
CREATE TABLE IF NOT EXISTS event_deliveries (
    webhook_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    event_id BYTEA NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT,
    due_ms BIGINT,
    status BIGINT,
    error TEXT,
    PRIMARY KEY (webhook_id, number)
){clustered};
CREATE INDEX IF NOT EXISTS event_deliveries_waiting ON event_deliveries (webhook_id, number) WHERE state = 'waiting';

-- Targets that do not answer and are only probed, since when.
CREATE TABLE IF NOT EXISTS failing_targets (
    target_id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    since_ms BIGINT NOT NULL
);
