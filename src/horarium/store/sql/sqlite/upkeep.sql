-- name: spare_pages
-- How many pages of the file hold nothing, and how many it has.
SELECT f.freelist_count, p.page_count FROM pragma_freelist_count f CROSS JOIN pragma_page_count p;

-- name: give_back_pages
-- So many as take a few milliseconds.
PRAGMA incremental_vacuum(128);
