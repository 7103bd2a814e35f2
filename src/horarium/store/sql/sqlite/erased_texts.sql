-- name: texts_of_versions
SELECT schedule_id, version, input, audience FROM versions WHERE schedule_id = ?1 AND version = ?2;
