-- part: all_fires
-- Each part of a union that has a condition is planned by itself. With an order of its own, that of the lists, pages are
-- merged from both parts; without, all fires of a schedule were read and sorted for a page of fifty.
((SELECT {fire_columns} FROM fires f) UNION ALL ({single_fires} ORDER BY r.id DESC))

-- part: all_fires_upwards
((SELECT {fire_columns} FROM fires f) UNION ALL ({single_fires} ORDER BY r.id))
