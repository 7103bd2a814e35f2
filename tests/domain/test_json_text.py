"""The values of a JSON text are counted without decoding it."""

from __future__ import annotations

import pytest

from horarium.domain.json_text import holds_more_than


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"[1,2,3]", 4),
        (b'{"a":1,"b":[]}', 6),
        (b'["a,b","c:d[{"]', 3),
        (rb'["\",\",","\\",1]', 4),
        (rb'["\\\",,\\","\\\\"]', 3),
        (b"1", 1),
    ],
)
def test_marks_in_strings_do_not_count(text: bytes, values: int) -> None:
    padded = text + b" " * 10
    assert holds_more_than(padded, values - 2)
    assert not holds_more_than(padded, values)
