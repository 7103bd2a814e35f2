-- name: inputs_of_versions
SELECT schedule_id, version, input FROM versions WHERE schedule_id = ?1 AND version = ?2;
