"""Answers with long lists, written a few megabytes at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import orjson

from horarium.api.kit.dialect import Json

# Reads a list from its beginning, a piece at a time.
Pieces = Callable[[], AsyncIterator[Sequence[Json]]]


async def object_in_parts(lists: Mapping[str, Pieces], rest: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """The JSON text of an object that has the members `lists`, then the members `rest`."""
    before = b"{"
    for name, pieces in lists.items():
        yield before + orjson.dumps(name) + b":["
        separator = b""
        async for piece in pieces():
            for row in piece:
                yield separator + orjson.dumps(row)
                separator = b","
        before = b"],"
    yield b"]" + b"".join(b"," + orjson.dumps({name: value})[1:-1] for name, value in rest.items()) + b"}"
