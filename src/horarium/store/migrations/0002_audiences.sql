-- Who a fire is for: the directory of each workspace, sources of its own, and rows kept while they are handed out.
-- Ids of the directory are the caller's own texts.

CREATE TABLE directory_users (
    workspace_id BYTEA NOT NULL,
    id TEXT NOT NULL,
    email TEXT,
    full_name TEXT,
    role TEXT,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
){clustered};

CREATE TABLE directory_contacts (
    workspace_id BYTEA NOT NULL,
    id TEXT NOT NULL,
    type TEXT,
    email TEXT,
    name TEXT,
    custom TEXT,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
){clustered};

-- `value` is a JSON number, kept as it was written.
CREATE TABLE directory_deals (
    workspace_id BYTEA NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    status TEXT NOT NULL,
    value TEXT,
    pipeline TEXT,
    stage TEXT,
    owner TEXT,
    last_change BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
){clustered};

CREATE TABLE directory_tasks (
    workspace_id BYTEA NOT NULL,
    id TEXT NOT NULL,
    title TEXT,
    status TEXT NOT NULL,
    due BIGINT,
    assignee TEXT,
    deal TEXT,
    contact TEXT,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
){clustered};
CREATE INDEX directory_tasks_of_assignee ON directory_tasks (workspace_id, assignee, status);

CREATE TABLE directory_pipelines (
    workspace_id BYTEA NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
){clustered};

CREATE TABLE directory_stages (
    workspace_id BYTEA NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    pipeline TEXT,
    position BIGINT,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
){clustered};

-- Sources that a workspace has set up. One with the name of an audience type takes the directory's place for it.
CREATE TABLE audience_sources (
    workspace_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    id BYTEA NOT NULL,
    type TEXT NOT NULL,
    config TEXT NOT NULL,
    secrets BYTEA,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, name)
){clustered};

-- Rows of a source that cannot be read again from where one stopped, kept until their runs are recorded.
CREATE TABLE spool (
    fire_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    row_key TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (fire_id, number)
){clustered};
CREATE UNIQUE INDEX spool_by_key ON spool (fire_id, row_key);
