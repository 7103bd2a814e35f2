-- name: schema_number
SELECT max(number) FROM schema_migrations;
