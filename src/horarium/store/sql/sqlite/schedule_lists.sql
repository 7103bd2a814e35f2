-- part: name_lowered
-- As for both. LIKE does not tell upper and lower case apart in a text of ASCII alone, so such a text need not be lowered:
-- `lower`, which knows all languages, is a function of Python here, and calling it was half of a search.
CASE WHEN octet_length(s.name) = length(s.name) THEN s.name ELSE lower(s.name) END

-- part: key_lowered
CASE WHEN octet_length(s.key) = length(s.key) THEN s.key ELSE lower(s.key) END

-- part: description_holds
-- LIKE compares a pattern with each place of a text, which takes seconds for each megabyte where both repeat themselves.
-- So long texts are searched by `holds`, a function of Python that reads each letter once.
CASE WHEN octet_length(s.description) < 1000 THEN
         CASE WHEN octet_length(s.description) = length(s.description) THEN s.description ELSE lower(s.description) END
         LIKE lower(CAST(:search AS TEXT)) ESCAPE '\'
     ELSE holds(s.description, :sought) END

-- part: input_holds
CASE WHEN octet_length(v.input) < 1000 THEN
         CASE WHEN octet_length(v.input) = length(v.input) THEN v.input ELSE lower(v.input) END
         LIKE lower(CAST(:search AS TEXT)) ESCAPE '\'
     ELSE holds(v.input, :sought) END

-- part: input_holds_written
CASE WHEN octet_length(v.input) < 1000 THEN
         CASE WHEN octet_length(v.input) = length(v.input) THEN v.input ELSE lower(v.input) END
         LIKE lower(CAST(:search_written AS TEXT)) ESCAPE '\'
     ELSE holds(v.input, :sought_written) END
