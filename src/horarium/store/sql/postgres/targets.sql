-- part: first_that_need
-- For their order PostgreSQL would take the primary key, and read all schedules there are.
OFFSET 0
