-- part: name_lowered
-- As for both. LIKE does not tell upper and lower case apart in a text of ASCII alone, so such a text need not be lowered:
-- `lower`, which knows all languages, is a function of Python here, and calling it was half of a search.
CASE WHEN octet_length(s.name) = length(s.name) THEN s.name ELSE lower(s.name) END

-- part: key_lowered
CASE WHEN octet_length(s.key) = length(s.key) THEN s.key ELSE lower(s.key) END

-- part: description_lowered
CASE WHEN octet_length(s.description) = length(s.description) THEN s.description ELSE lower(s.description) END

-- part: input_lowered
CASE WHEN octet_length(v.input) = length(v.input) THEN v.input ELSE lower(v.input) END
