"""Decodes JSON that an engine, or one who works for it, has sent: of a bounded number of values, and in turn with
other work.

A few MB of `[],[],...` take seconds and hundreds of MB to decode. To count values first takes a hundredth of that.
"""

from __future__ import annotations

from typing import Any

from horarium.domain.json_text import decode_received, holds_more_than
from horarium.service.turns import turn

# Values and names that a text may hold: what the answer to a look at many runs needs, and some.
MOST_VALUES = 50_000
# A text up to this long (bytes) is decoded without waiting for a turn.
_SHORT = 16 * 1024


class TooManyValues(ValueError):
    """A JSON text holds more values than are decoded."""

    def __init__(self) -> None:
        super().__init__(f"it holds more than {MOST_VALUES} values and names")


def decoded(text: bytes | bytearray) -> Any:
    """The value of a JSON text. Raises TooManyValues, and ValueError for what is no JSON or too deep."""
    if holds_more_than(text, MOST_VALUES):
        raise TooManyValues
    return decode_received(text)


async def decoded_in_turn(text: bytes | bytearray) -> Any:
    """What `decoded` makes of a text. A long one waits for its turn among such work first."""
    if len(text) > _SHORT:
        await turn()
    return decoded(text)
