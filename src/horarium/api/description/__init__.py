"""The description of our own API: what each operation is called, takes and answers, as OpenAPI 3.1.

`shapes` are the words that schemas are written with, `answers` the schemas of what is answered, `headers` what answers
have besides, `operations` the table of all operations. The tests hold every answer against it.
"""
