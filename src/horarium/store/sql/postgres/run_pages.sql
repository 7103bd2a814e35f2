-- name: run_ids_with_label
-- As for both, by LATERAL.
SELECT r.id FROM ({schedules_with_label}) s CROSS JOIN LATERAL ({newest_of_schedule}) AS r
ORDER BY r.id DESC LIMIT :limit;
