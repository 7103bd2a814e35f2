"""Turns what a target returned into the output that is stored: JSON if it is JSON, otherwise text.

It is cut at a limit, and secrets in it are replaced. The result can always be stored and shown: it has no NUL
characters, which databases refuse, and what is nested too deeply to be shown within an answer stays text. Whole numbers
of more than 64 bits become texts of their digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from horarium.domain.json_text import decode_received
from horarium.executors.secrecy import NUL_SHOWN, Scrubber

# Characters of an error that are stored.
_MAX_ERROR = 2000


def keep_bytes(data: bytes, limit: int, scrubber: Scrubber) -> Any:
    """The output for a body. At most `limit` bytes are kept, and a body that was cut is stored as text.

    An empty body becomes None.
    """
    if not data:
        return None
    if len(data) > limit:
        return keep_beginning(data, limit, scrubber)
    text = scrubber.text(data.decode("utf-8", "replace"))
    try:
        value = decode_received(text.encode())
    except ValueError:  # it is not JSON, or too deep
        return _storable(text)
    # A secret or a NUL that is written with escapes is not found in the text, only in the value.
    return scrubber.value(value) if "\\" in text else value


def keep_beginning(data: bytes, limit: int, scrubber: Scrubber) -> str:
    """The output for a body of which only the beginning is kept, as text: at most `limit` bytes."""
    return _storable(scrubber.cut(data[:limit].decode("utf-8", "ignore")))


def _storable(text: str) -> str:
    return text.replace("\0", NUL_SHOWN)


def keep_value(value: Any, limit: int, scrubber: Scrubber) -> Any:
    """The output for a value that a function returned. It is cut at `limit` bytes.

    Raises TypeError if the value cannot be written as JSON.
    """
    if value is None or value is True or value is False:
        return value
    return keep_bytes(orjson.dumps(value), limit, scrubber)


def keep_answer(secrets: Sequence[Any], output: Any, error: str | None, limit: int) -> tuple[Any, str | None]:
    """The output and the error of a callback in the form in which they are stored.

    `secrets` may be texts, and lists or objects of texts; they are replaced in both. The output must be JSON-able. It
    is cut at `limit` bytes, and an output that was cut is stored as text. An output or error of None stays None.
    """
    scrubber = Scrubber(secrets)
    kept = None if output is None else keep_value(output, limit, scrubber)
    return kept, None if error is None else error_text(error, scrubber)


def error_text(text: str, scrubber: Scrubber) -> str:
    """An error in the form in which it is stored: secrets are replaced, and a long text is cut."""
    if len(text) <= _MAX_ERROR:
        return _storable(scrubber.text(text))
    return _storable(scrubber.cut(text[:_MAX_ERROR])) + "..."
