-- part: audit_columns
id, action, subject, principal_id, salt, content, erased_by

-- name: insert_audit_pending
INSERT INTO audit_pending (id, workspace_id, entries)
SELECT id, workspace_id, entries FROM rows(id bytea, workspace_id bytea, entries bytea) AS r;

-- name: any_audit_pending
SELECT 1 FROM audit_pending LIMIT 1;

-- name: audit_pending
SELECT id, workspace_id, entries FROM audit_pending ORDER BY id LIMIT :limit;

-- name: delete_audit_pending
DELETE FROM audit_pending WHERE id IN (:ids...);

-- name: audit_chains
SELECT workspace_id, number, hash, anchor_number, anchor_hash FROM audit_chains WHERE workspace_id IN (:ids...);

-- name: set_audit_heads
-- The WHERE keeps SQLite from reading ON as the beginning of a join.
INSERT INTO audit_chains (workspace_id, number, hash, anchor_number, anchor_hash)
SELECT workspace_id, number, hash, 0, anchor_hash
FROM rows(workspace_id bytea, number bigint, hash bytea, anchor_hash bytea) AS r WHERE true
ON CONFLICT (workspace_id) DO UPDATE SET number = excluded.number, hash = excluded.hash;

-- name: insert_audit_entries
INSERT INTO audit_entries (workspace_id, id, action, subject, principal_id, salt, content)
SELECT workspace_id, id, action, subject, principal_id, salt, content
FROM rows(workspace_id bytea, id bytea, action text, subject text, principal_id bytea, salt bytea, content text) AS r;

-- name: insert_audit_links
INSERT INTO audit_links (workspace_id, number, entries, hash, linked_ms)
SELECT workspace_id, number, entries, hash, linked_ms
FROM rows(workspace_id bytea, number bigint, entries bytea, hash bytea, linked_ms bigint) AS r;

-- part: entry_filters
workspace_id = :workspace_id AND id < :before AND id >= :since AND erased_by IS NULL
  AND (CAST(:action AS TEXT) IS NULL OR action = :action OR action LIKE :actions ESCAPE '\')
  AND (CAST(:principal_id AS BYTEA) IS NULL OR principal_id = :principal_id)
  AND (CAST(:subject AS TEXT) IS NULL OR subject = :subject
       OR (action = 'schedules.created' AND content LIKE :among))
  AND (CAST(:request AS TEXT) IS NULL OR content LIKE :request ESCAPE '\')

-- name: count_audit_entries_within
SELECT count(*) FROM audit_entries WHERE {entry_filters};

-- name: audit_entry_further_down
SELECT id FROM audit_entries WHERE workspace_id = :workspace_id AND id < :cursor ORDER BY id DESC LIMIT 1 OFFSET :skip;

-- name: list_audit_entries
-- Newest first, without large contents, and last how many bytes each has. A bulk request leaves one entry for many
-- schedules, so their ids are looked for in its content.
SELECT id, action, subject, principal_id, salt,
       CASE WHEN octet_length(content) > :large THEN NULL ELSE content END AS content, erased_by,
       COALESCE(octet_length(content), 0) AS bytes
FROM audit_entries
WHERE {entry_filters}
ORDER BY id DESC LIMIT :limit;

-- name: audit_entries_by_id
SELECT {audit_columns} FROM audit_entries WHERE workspace_id = :workspace_id AND id IN (:ids...);

-- name: audit_links_after
SELECT number, entries, hash, linked_ms FROM audit_links
WHERE workspace_id = :workspace_id AND number > :after ORDER BY number LIMIT :limit;

-- name: hold_audit_chain
-- SQLite has one writer at a time, so that nobody has to wait here.
SELECT number FROM audit_chains WHERE workspace_id = :workspace_id;

-- name: audit_entry_further_up
SELECT id FROM audit_entries WHERE workspace_id = :workspace_id AND id > :after ORDER BY id LIMIT 1 OFFSET :skip;

-- name: audit_entries_of_person
-- What a principal did, and what was done to it. What the log tells of itself stays: without it the chain is broken.
SELECT id FROM audit_entries
WHERE workspace_id = :workspace_id AND id > :after AND id <= :upto AND erased_by IS NULL
  AND (principal_id = :principal_id OR subject = :subject) AND action NOT LIKE 'audit.%'
ORDER BY id;

-- name: audit_entries_not_erased
SELECT id FROM audit_entries WHERE workspace_id = :workspace_id AND id IN (:ids...) AND erased_by IS NULL
ORDER BY id {held_until_changed};

-- name: erase_audit_entries
UPDATE audit_entries
SET action = '', subject = '', principal_id = NULL, salt = NULL, content = NULL, erased_by = :erased_by
WHERE workspace_id = :workspace_id AND id IN (:ids...);

-- name: oldest_audit_links
-- Of each chain its first link, and not for each link its chain.
SELECT c.workspace_id, l.linked_ms FROM audit_chains c CROSS JOIN audit_links l
WHERE l.workspace_id = c.workspace_id AND l.number = c.anchor_number + 1;

-- name: bytes_of_audit_entries
SELECT id, COALESCE(octet_length(content), 0) AS bytes FROM audit_entries
WHERE workspace_id = :workspace_id AND id IN (:ids...);

-- name: old_audit_links
-- Of the first links of a chain, those with a thousand entries, or the first one: an entry takes 48 bytes of its link.
-- Later ones were made later, so nothing behind the first that is young is looked at.
SELECT number, entries, hash, linked_ms FROM audit_links
WHERE workspace_id = :workspace_id AND number IN (
    SELECT number FROM (
        SELECT number, linked_ms, sum(bytes) OVER (ORDER BY number) - bytes AS before FROM (
            SELECT number, linked_ms, length(entries) AS bytes FROM audit_links
            WHERE workspace_id = :workspace_id ORDER BY number LIMIT :limit) AS few) AS piece
    WHERE linked_ms < :before_ms AND before < 48000)
ORDER BY number;

-- name: delete_audit_entries
DELETE FROM audit_entries WHERE workspace_id = :workspace_id AND id IN (:ids...);

-- name: delete_audit_links
DELETE FROM audit_links WHERE workspace_id = :workspace_id AND number <= :number;

-- name: set_audit_anchor
UPDATE audit_chains SET anchor_number = :number, anchor_hash = :hash WHERE workspace_id = :workspace_id;
