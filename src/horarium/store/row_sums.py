"""What a table holds, as one number: by it two databases are compared, and a backup with what it held when it was made.

The sum of the hashes of all rows depends neither on the order of the rows, because each database sorts texts by its own
rules, nor on that of the columns, because a column that was added later stands at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

# Columns that may differ. On SQLite every cursor has a place of its own, on PostgreSQL two may share one.
_LEFT_OUT = {"cursors": ("place",)}

_SUMS = 1 << 256


class RowSum:
    """The sum of the rows of a table that are added to it."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        """`columns` are those of the rows, in their order."""
        left_out = _LEFT_OUT.get(table, ())
        named = sorted((name, place) for place, name in enumerate(columns) if name not in left_out)
        self._of_row = itemgetter(*(place for _, place in named))
        self._sum = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            text = repr(self._of_row(row)).encode("utf-8", "surrogatepass")
            self._sum += int.from_bytes(hashlib.sha256(text).digest(), "big")

    def text(self) -> str:
        return f"{self._sum % _SUMS:064x}"
