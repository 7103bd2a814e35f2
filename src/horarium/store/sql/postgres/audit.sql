-- name: hold_audit_chain
SELECT number FROM audit_chains WHERE workspace_id = :workspace_id FOR NO KEY UPDATE;
