-- The audit log. A transaction that changes something writes its entries here, one line for each.
CREATE TABLE IF NOT EXISTS audit_pending (
    id BYTEA PRIMARY KEY,
    workspace_id BYTEA NOT NULL,
    entries BYTEA NOT NULL
){clustered};

-- What entries say, once they are in the chain. Of an erased one only the id is left, and by which entry it was erased.
CREATE TABLE IF NOT EXISTS audit_entries (
    workspace_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    principal_id BYTEA,
    salt BYTEA,
    content TEXT,
    erased_by BYTEA,
    PRIMARY KEY (workspace_id, id)
){clustered};

-- The chain of each workspace: ids and digests of entries, and a hash that covers them and the link before.
CREATE TABLE IF NOT EXISTS audit_links (
    workspace_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    entries BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    linked_ms BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, number)
){clustered};

-- Where each chain ends, and the last link that was deleted because its time was over.
CREATE TABLE IF NOT EXISTS audit_chains (
    workspace_id BYTEA PRIMARY KEY,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    anchor_number BIGINT NOT NULL,
    anchor_hash BYTEA NOT NULL
);
