-- Lists of schedules: the ids of a page, found through the filter that usually leaves least. Each way has a part here;
-- whatever else a listing asks for is looked at row by row.

-- part: schedule_filters
-- One condition for the planners: of many, SQLite concludes that so little is left that it may be sorted. Within CASE it
-- stops at the first that does not hold; elsewhere in an expression it would look at all of them.
AND CASE WHEN s.deleted_ms IS NULL
  AND (CAST(:dialect AS TEXT) IS NULL OR s.dialect = :dialect)
  AND (CAST(:owner_id AS BYTEA) IS NULL OR s.owner_id = :owner_id)
  AND (CAST(:target_id AS BYTEA) IS NULL OR s.target_id = :target_id)
  AND (CAST(:state AS TEXT) IS NULL OR s.state = :state)
  AND (CAST(:not_state AS TEXT) IS NULL OR s.state <> :not_state)
  AND (CAST(:timing AS TEXT) IS NULL OR EXISTS (
       SELECT 1 FROM versions v WHERE v.schedule_id = s.id AND v.version = s.definition_version
       AND (v.timing LIKE :timing ESCAPE '\') = (:timing_alike = 1)))
  AND (CAST(:created_by AS BYTEA) IS NULL OR s.created_by = :created_by)
  AND (CAST(:made_upto AS BIGINT) IS NULL OR s.created_ms <= :made_upto)
  AND (CAST(:key_prefix AS TEXT) IS NULL OR substr(s.key, 1, length(:key_prefix)) = :key_prefix)
  AND (:by_progress = 0 OR EXISTS (
       SELECT 1 FROM cursors p WHERE p.schedule_id = s.id
       AND (CAST(:next_before AS BIGINT) IS NULL OR p.next_due < :next_before)
       AND (CAST(:last_state AS TEXT) IS NULL OR p.last_state = :last_state)
       AND (CAST(:failing AS BIGINT) IS NULL
            OR CASE WHEN p.failures_in_row > 0 THEN 1 ELSE 0 END = CAST(:failing AS BIGINT))))
  AND (CAST(:prefix AS TEXT) IS NULL OR lower(s.name) LIKE lower(CAST(:prefix AS TEXT)) ESCAPE '\')
  AND (CAST(:search AS TEXT) IS NULL OR {name_lowered} LIKE lower(CAST(:search AS TEXT)) ESCAPE '\'
       OR {key_lowered} LIKE lower(CAST(:search AS TEXT)) ESCAPE '\'
       OR {description_holds}
       OR (:search_input = 1 AND EXISTS (
           SELECT 1 FROM versions v WHERE v.schedule_id = s.id AND v.version = s.definition_version
           AND ({input_holds} OR CAST(:search_written AS TEXT) IS NOT NULL AND {input_holds_written}))))
  AND (:further = 0 OR :further = (
      SELECT count(*) FROM labels o
      WHERE o.schedule_id = s.id AND {label_text} IN (SELECT value FROM texts(:labels)))) THEN 1 ELSE 0 END = 1

-- part: name_lowered
lower(s.name)

-- part: key_lowered
lower(COALESCE(s.key, ''))

-- part: description_holds
-- LIKE compares a pattern with each place of a text, which takes seconds for each megabyte where both repeat themselves.
-- So long texts are searched by a regular expression that is a plain text (`***=`), which reads each letter once.
CASE WHEN octet_length(COALESCE(s.description, '')) < 1000 THEN
         lower(COALESCE(s.description, '')) LIKE lower(CAST(:search AS TEXT)) ESCAPE '\'
     ELSE lower(s.description) ~ ('***=' || lower(CAST(:sought AS TEXT))) END

-- part: input_holds
CASE WHEN octet_length(COALESCE(v.input, '')) < 1000 THEN
         lower(COALESCE(v.input, '')) LIKE lower(CAST(:search AS TEXT)) ESCAPE '\'
     ELSE lower(v.input) ~ ('***=' || lower(CAST(:sought AS TEXT))) END

-- part: input_holds_written
CASE WHEN octet_length(COALESCE(v.input, '')) < 1000 THEN
         lower(COALESCE(v.input, '')) LIKE lower(CAST(:search_written AS TEXT)) ESCAPE '\'
     ELSE lower(v.input) ~ ('***=' || lower(CAST(:sought_written AS TEXT))) END

-- part: label_text
-- A label as one text. The length of the name tells where it ends.
CAST(length(o.name) AS TEXT) || ':' || o.name || o.value

-- part: all_of_workspace
SELECT s.id FROM schedules s WHERE s.workspace_id = :workspace_id
  {schedule_filters}

-- part: all_of_dialect
-- Of a dialect beside our own, which has an index without the schedules of our own.
SELECT s.id FROM schedules s
WHERE s.workspace_id = :workspace_id AND s.dialect = :dialect AND s.dialect <> 'native'
  {schedule_filters}

-- part: all_of_owner
-- COALESCE keeps both databases from the index by workspace, here and below.
SELECT s.id FROM schedules s
WHERE s.owner_id = :owner_id AND COALESCE(s.workspace_id, :workspace_id) = :workspace_id
  {schedule_filters}

-- part: all_of_target
SELECT s.id FROM schedules s
WHERE s.target_id = :target_id AND COALESCE(s.workspace_id, :workspace_id) = :workspace_id
  {schedule_filters}

-- part: all_with_key
-- Keys are unique among the schedules of our own API; the conditions are those of the index.
SELECT s.id FROM schedules s
WHERE s.workspace_id = :workspace_id AND s.dialect = 'native' AND s.owner_id = :no_owner AND s.key = :key
  AND s.deleted_ms IS NULL
  {schedule_filters}

-- part: all_with_label
SELECT s.id FROM labels l CROSS JOIN schedules s
WHERE l.workspace_id = :workspace_id AND l.name = :label_name AND l.value = :label_value
  AND s.id = l.schedule_id AND COALESCE(s.workspace_id, :workspace_id) = :workspace_id
  {schedule_filters}

-- name: schedules_listed
{listed_schedules}
WHERE s.id IN (:ids...) AND s.workspace_id = :workspace_id;

-- name: schedules_by_workspace_desc
{all_of_workspace}
  AND s.id < :cursor ORDER BY s.id DESC LIMIT :limit OFFSET :skip;

-- name: schedules_by_workspace_asc
{all_of_workspace}
  AND s.id > :cursor ORDER BY s.id LIMIT :limit OFFSET :skip;

-- name: count_schedules_by_workspace
SELECT count(*) FROM ({all_of_workspace}) AS counted;

-- name: schedules_by_dialect_desc
{all_of_dialect}
  AND s.id < :cursor ORDER BY s.id DESC LIMIT :limit OFFSET :skip;

-- name: schedules_by_dialect_asc
{all_of_dialect}
  AND s.id > :cursor ORDER BY s.id LIMIT :limit OFFSET :skip;

-- name: count_schedules_by_dialect
SELECT count(*) FROM ({all_of_dialect}) AS counted;

-- name: schedules_by_owner_desc
{all_of_owner}
  AND s.id < :cursor ORDER BY s.id DESC LIMIT :limit OFFSET :skip;

-- name: schedules_by_owner_asc
{all_of_owner}
  AND s.id > :cursor ORDER BY s.id LIMIT :limit OFFSET :skip;

-- name: count_schedules_by_owner
SELECT count(*) FROM ({all_of_owner}) AS counted;

-- name: schedules_by_target_desc
{all_of_target}
  AND s.id < :cursor ORDER BY s.id DESC LIMIT :limit OFFSET :skip;

-- name: schedules_by_target_asc
{all_of_target}
  AND s.id > :cursor ORDER BY s.id LIMIT :limit OFFSET :skip;

-- name: count_schedules_by_target
SELECT count(*) FROM ({all_of_target}) AS counted;

-- name: schedules_by_label_desc
{all_with_label}
  AND l.schedule_id < :cursor ORDER BY l.schedule_id DESC LIMIT :limit OFFSET :skip;

-- name: schedules_by_label_asc
{all_with_label}
  AND l.schedule_id > :cursor ORDER BY l.schedule_id LIMIT :limit OFFSET :skip;

-- name: count_schedules_by_label
SELECT count(*) FROM ({all_with_label}) AS counted;

-- name: schedules_by_key_desc
{all_with_key}
  AND s.id < :cursor ORDER BY s.id DESC LIMIT :limit OFFSET :skip;

-- name: schedules_by_key_asc
{all_with_key}
  AND s.id > :cursor ORDER BY s.id LIMIT :limit OFFSET :skip;

-- name: count_schedules_by_key
SELECT count(*) FROM ({all_with_key}) AS counted;
