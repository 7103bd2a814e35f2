-- The first schema. Both databases understand its types; names in braces stand for what they write differently.
-- Ids are 16 bytes and begin with a time. Instants are milliseconds since the epoch, UTC.

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

-- What all nodes must agree on: the newest zone data that has been at work here, the key that secrets are sealed with.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- `quotas` are those that differ from the defaults, as JSON; `weight` is the workspace's share where workspaces take turns.
-- `allowed_hosts` are those that its targets and audiences may reach, as JSON; * stands for every host.
CREATE TABLE workspaces (
    id BYTEA PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT,
    quotas TEXT NOT NULL DEFAULT '{}',
    weight DOUBLE PRECISION NOT NULL DEFAULT 1,
    allowed_hosts TEXT NOT NULL DEFAULT '["*"]'
);

-- What a workspace has: schedules and targets that exist, and the slots of its schedules in their busiest hours; and how
-- much of each it may have. One row, so that nobody has to count schedules. `strict` is 1 where a definition has to be
-- looked at as well, because its smallest period or the size of its input is not bounded as by default.
CREATE TABLE workspace_usage (
    workspace_id BYTEA PRIMARY KEY,
    schedules BIGINT NOT NULL,
    targets BIGINT NOT NULL,
    hourly BIGINT NOT NULL,
    most_schedules BIGINT NOT NULL,
    most_targets BIGINT NOT NULL,
    most_hourly BIGINT NOT NULL,
    strict BIGINT NOT NULL
);

-- Schedules that the engine has deleted and that still have to be taken away from `workspace_usage`.
CREATE TABLE freed_usage (
    id BYTEA NOT NULL,
    workspace_id BYTEA NOT NULL,
    schedules BIGINT NOT NULL,
    hourly BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

-- Who acts. Grants and authorship belong to a principal, so replacing its keys changes nothing.
CREATE TABLE principals (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL REFERENCES workspaces (id),
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    created_ms BIGINT NOT NULL,
    deleted_ms BIGINT
);
CREATE INDEX principals_of_workspace ON principals (workspace_id, id);

CREATE TABLE keys (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL REFERENCES workspaces (id),
    principal_id BYTEA NOT NULL REFERENCES principals (id),
    name TEXT NOT NULL,
    hash BYTEA NOT NULL,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    last_used_ms BIGINT,
    revoked_ms BIGINT,
    restriction TEXT NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX keys_by_hash ON keys (hash);
CREATE INDEX keys_of_workspace ON keys (workspace_id, id);

-- Which targets a principal may schedule; sixteen zero bytes stand for every target.
CREATE TABLE grants (
    principal_id BYTEA NOT NULL REFERENCES principals (id),
    target_id BYTEA NOT NULL,
    workspace_id BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (principal_id, target_id)
);

CREATE TABLE targets (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL REFERENCES workspaces (id),
    number BIGINT NOT NULL,
    key TEXT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    executor TEXT NOT NULL,
    config TEXT NOT NULL,
    secrets BYTEA,
    completion TEXT NOT NULL,
    timeout_ms BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    max_concurrency BIGINT,
    rate_per_second DOUBLE PRECISION,
    input_schema TEXT,
    extra TEXT NOT NULL,
    state TEXT NOT NULL,
    state_reason TEXT,
    version BIGINT NOT NULL,
    created_by BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT
);
CREATE UNIQUE INDEX targets_by_number ON targets (number);
CREATE UNIQUE INDEX targets_by_key ON targets (workspace_id, key) WHERE key IS NOT NULL AND deleted_ms IS NULL;
CREATE INDEX targets_of_workspace ON targets (workspace_id, id);

-- When a rate-limited target may next be called (the theoretical arrival time of its token bucket).
CREATE TABLE paces (
    target_id BYTEA PRIMARY KEY,
    next_ms DOUBLE PRECISION NOT NULL
);

-- What a schedule is. When it fires and what it runs stands in `versions`, how far it has come in `cursors`. The zone data
-- that its next slot was computed with stands here too, because an index on the cursors would be written to by every fire.
CREATE TABLE schedules (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL REFERENCES workspaces (id),
    dialect TEXT NOT NULL,
    owner_id BYTEA NOT NULL,
    target_id BYTEA NOT NULL,
    key TEXT,
    name TEXT NOT NULL,
    description TEXT,
    labels TEXT NOT NULL,
    extra TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT,
    version BIGINT NOT NULL,
    definition_version BIGINT NOT NULL,
    created_by BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    ended_reason TEXT,
    deleted_ms BIGINT,
    zone TEXT NOT NULL DEFAULT '',
    zone_data TEXT NOT NULL DEFAULT '',
    hourly BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX schedules_by_key ON schedules (workspace_id, dialect, owner_id, key)
    WHERE key IS NOT NULL AND deleted_ms IS NULL;
CREATE INDEX schedules_of_workspace ON schedules (workspace_id, id);
CREATE INDEX schedules_of_target ON schedules (target_id, id);
CREATE INDEX schedules_of_owner ON schedules (owner_id, id);
-- For lists of the dialects beside our own. Most schedules are of our own, and those cost nothing here.
CREATE INDEX schedules_of_dialect ON schedules (workspace_id, dialect, id) WHERE dialect <> 'native';
-- For lists in the order of names, without regard to upper and lower case.
CREATE INDEX schedules_by_name ON schedules (workspace_id, lower(substr(name{by_bytes}, 1, 100)), id)
    WHERE deleted_ms IS NULL;
CREATE INDEX schedules_zone ON schedules (zone_data, zone) WHERE state = 'active';

-- Labels once more, for filters.
CREATE TABLE labels (
    workspace_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    schedule_id BYTEA NOT NULL,
    PRIMARY KEY (workspace_id, name, value, schedule_id)
){clustered};
CREATE INDEX labels_of_schedule ON labels (schedule_id);

-- Definitions, never changed: any slot can be explained by the version that ruled when it came.
CREATE TABLE versions (
    schedule_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    timing TEXT NOT NULL,
    policies TEXT NOT NULL,
    target_id BYTEA NOT NULL,
    input TEXT,
    audience TEXT,
    environment BYTEA,
    from_ms BIGINT NOT NULL,
    PRIMARY KEY (schedule_id, version)
){clustered};

-- Which schedules have ever run a target: their runs are found through this, so that runs need no index by target.
CREATE INDEX versions_of_target ON versions (target_id, schedule_id);

-- All that a fire changes of a schedule. This row, locked, is the truth about what is due. A copy of the definition that
-- rules stands beside it, as much as a release must know. SQLite keeps the rows in the order of `place`: schedules that
-- fall due together lie together, and a herd reads and writes few pages.
CREATE TABLE cursors (
    place {place},
    schedule_id {schedule_of_cursor},
    workspace_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    timing TEXT NOT NULL,
    policies TEXT NOT NULL,
    target_id BYTEA NOT NULL,
    has_audience BIGINT NOT NULL,
    accounted_to BIGINT NOT NULL,
    next_slot BIGINT,
    next_due BIGINT,
    zone TEXT NOT NULL,
    zone_data TEXT NOT NULL,
    fires BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    open_fires BIGINT NOT NULL,
    waiting_fires BIGINT NOT NULL,
    failures_in_row BIGINT NOT NULL,
    pause_after BIGINT,
    last_slot BIGINT,
    last_fired_ms BIGINT,
    last_fire_id BYTEA,
    last_state TEXT,
    last_skip_ms BIGINT,
    last_skip_reason TEXT
);
CREATE INDEX cursors_due ON cursors (next_due) WHERE next_due IS NOT NULL;
-- A release that cannot take everything that is due finds through this what each workspace waits for.
CREATE INDEX cursors_due_by_workspace ON cursors (workspace_id, next_due) WHERE next_due IS NOT NULL;
-- For lists: schedules that have no next fire, and those whose latest fires have failed. One that fires as usual is in
-- neither of the two.
CREATE INDEX cursors_still ON cursors (workspace_id, schedule_id) WHERE next_due IS NULL;
CREATE INDEX cursors_failing ON cursors (workspace_id, schedule_id) WHERE failures_in_row > 0;
CREATE INDEX cursors_waiting ON cursors (schedule_id) WHERE waiting_fires > 0;

-- The ledger: fires, and spans of slots that did not fire. A fire without an audience that begins at once is not here: it
-- is one row with its only run, in `runs`.
CREATE TABLE fires (
    id BYTEA NOT NULL,
    workspace_id BYTEA NOT NULL,
    schedule_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    slot_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    fired_ms BIGINT NOT NULL,
    finished_ms BIGINT,
    missed_count BIGINT,
    missed_first BIGINT,
    missed_last BIGINT,
    audience_size BIGINT,
    runs BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    error TEXT,
    PRIMARY KEY (id)
){clustered}{by_time};
CREATE INDEX fires_of_schedule ON fires (schedule_id, id);
CREATE INDEX fires_of_workspace ON fires (workspace_id, id);
-- Few fires are not of the clock; those that are cost nothing here.
CREATE INDEX fires_by_hand ON fires (schedule_id, id) WHERE kind <> 'clock';
-- What starts next is found without reading the history of its schedule.
CREATE INDEX fires_waiting ON fires (schedule_id, id) WHERE state = 'waiting';

CREATE TABLE spans (
    schedule_id BYTEA NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    count BIGINT NOT NULL,
    reason TEXT NOT NULL,
    version BIGINT NOT NULL,
    recorded_ms BIGINT NOT NULL,
    workspace_id BYTEA,
    PRIMARY KEY (schedule_id, first_ms)
){clustered};
CREATE INDEX spans_by_age ON spans (recorded_ms);
CREATE INDEX spans_of_workspace ON spans (workspace_id, last_ms, schedule_id);

-- Fires whose audience is being read: where the reading stands, and who does it.
CREATE TABLE fanouts (
    fire_id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    schedule_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    position TEXT,
    rows_done BIGINT NOT NULL,
    counted BIGINT,
    owner BYTEA,
    epoch BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due_ms BIGINT NOT NULL
);
CREATE INDEX fanouts_open ON fanouts (owner, due_ms);

-- `waited`: for what the run has waited a second or more, as JSON: milliseconds by cause.
-- A row with a `slot_ms` is a fire as well, a single fire: it has this run alone, and its id is that of the run. Such a row
-- has no `fire_id`. `request` and `missed_*` are those of the fire.
CREATE TABLE runs (
    id BYTEA NOT NULL,
    workspace_id BYTEA NOT NULL,
    schedule_id BYTEA,
    fire_id BYTEA,
    version BIGINT,
    target_id BYTEA NOT NULL,
    mode TEXT NOT NULL,
    row_key TEXT NOT NULL,
    generation BIGINT NOT NULL,
    state TEXT NOT NULL,
    due_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    started_ms BIGINT,
    finished_ms BIGINT,
    attempts BIGINT NOT NULL,
    status BIGINT,
    data TEXT,
    output TEXT,
    error TEXT,
    waited TEXT,
    slot_ms BIGINT,
    request TEXT,
    missed_count BIGINT,
    missed_first BIGINT,
    missed_last BIGINT,
    PRIMARY KEY (id)
){clustered}{by_time};
-- A run is in one of these two, so that the fires of a schedule are found without reading the runs of its audiences.
CREATE INDEX single_fires_of_schedule ON runs (schedule_id, id) WHERE slot_ms IS NOT NULL;
CREATE INDEX runs_of_schedule ON runs (schedule_id, id) WHERE slot_ms IS NULL;
CREATE INDEX single_fires_by_hand ON runs (schedule_id, id) WHERE slot_ms IS NOT NULL AND mode <> 'clock';
CREATE INDEX runs_of_workspace ON runs (workspace_id, id);
-- Runs that failed or were cancelled have an error. One that went well costs nothing here: on PostgreSQL its update
-- stays within its page, because the column that decides about the index does not change. (A condition on `state`
-- would end that.)
CREATE INDEX runs_with_error ON runs (workspace_id, id) WHERE error IS NOT NULL;
CREATE INDEX runs_without_schedule ON runs (target_id, id) WHERE schedule_id IS NULL;

-- Attempts that did not end their run; the one that did is told by the run itself.
CREATE TABLE attempts (
    run_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    finished_ms BIGINT NOT NULL,
    status BIGINT,
    error TEXT,
    PRIMARY KEY (run_id, number)
){clustered};

-- Runs that a worker has or may take: narrow, and emptied on completion. The lane is the run's target; `limited` is 1
-- where the target bounds its concurrency or rate, `stop` is 1 where the worker is asked to end the attempt. `lost` counts
-- the workers that had the run and were gone before it ended. What goes back because nobody began it counts for nothing.
-- `begun_ms` is when its attempt began, and is written once the attempt has taken a quarter of a second.
CREATE TABLE ready (
    run_id BYTEA PRIMARY KEY,
    lane BYTEA NOT NULL,
    due_ms BIGINT NOT NULL,
    owner BYTEA,
    epoch BIGINT NOT NULL,
    limited BIGINT NOT NULL,
    stop BIGINT NOT NULL,
    lost BIGINT NOT NULL DEFAULT 0,
    begun_ms BIGINT
){clustered};
CREATE INDEX ready_open ON ready (owner, lane, due_ms);
CREATE INDEX ready_limited ON ready (lane, owner) WHERE limited = 1;
CREATE INDEX ready_soonest ON ready (due_ms) WHERE owner IS NULL;

-- What nodes say of their lanes that are slow or held, or have runs that wait; renewed every few seconds.
CREATE TABLE lane_reports (
    target_id BYTEA NOT NULL,
    node_id BYTEA NOT NULL,
    at_ms BIGINT NOT NULL,
    call_limit BIGINT NOT NULL,
    under_way BIGINT NOT NULL,
    parked BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    oldest_ms BIGINT,
    p50_ms BIGINT,
    p99_ms BIGINT,
    held_by TEXT,
    held_since_ms BIGINT,
    PRIMARY KEY (target_id, node_id)
);
CREATE INDEX lane_reports_of_node ON lane_reports (node_id);

-- Runs that end later than their attempt. Their targets finish them by callback, with the attempt's token, of which the
-- hash is here; or an engine has them, which knows them by `handle` and is looked at from `look_ms` on. A look at a run
-- that has an answer already tells the engine to end it.
CREATE TABLE callbacks (
    run_id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    target_id BYTEA NOT NULL,
    token_hash BYTEA NOT NULL,
    attempt BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    lease_ms BIGINT NOT NULL,
    answer TEXT,
    handle TEXT,
    look_ms BIGINT
);
CREATE INDEX callbacks_to_look_at ON callbacks (look_ms) WHERE look_ms IS NOT NULL;
CREATE INDEX callbacks_deadline ON callbacks (deadline_ms) WHERE answer IS NULL;
CREATE INDEX callbacks_of_target ON callbacks (target_id) WHERE answer IS NULL;

-- Audience rows whose last run still goes, for overlap per row.
CREATE TABLE row_locks (
    schedule_id BYTEA NOT NULL,
    row_key TEXT NOT NULL,
    run_id BYTEA NOT NULL,
    PRIMARY KEY (schedule_id, row_key)
){clustered};

CREATE TABLE nodes (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    software TEXT NOT NULL,
    zone_data TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    lease_until_ms BIGINT NOT NULL,
    stopped_ms BIGINT
);

-- Answers given to requests with an Idempotency-Key, to be given again.
CREATE TABLE answers (
    workspace_id BYTEA NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, scope, key)
);
CREATE INDEX answers_by_age ON answers (created_ms);


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
