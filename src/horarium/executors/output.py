"""What is kept of what a target gave back: JSON where it is JSON, text otherwise, cut at the limit and
scrubbed.

Whatever is kept can be stored and shown again: no NUL characters (databases refuse them), no nesting that
cannot be written back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from horarium.executors.secrecy import NUL_SHOWN, Scrubber

_DEEP = 100
_MAX_ERROR = 2000


def keep_bytes(data: bytes, limit: int, scrubber: Scrubber) -> Any:
    """The output for a body of which at most `limit` bytes are kept; a cut one is text. Nothing is None."""
    if not data:
        return None
    if len(data) > limit:
        return _storable(scrubber.cut(data[:limit].decode("utf-8", "ignore")))
    text = scrubber.text(data.decode("utf-8", "replace"))
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _storable(text)
    return _checked(value, text, scrubber)


def _checked(value: Any, text: str, scrubber: Scrubber) -> Any:
    if text.count("[") + text.count("{") > _DEEP:
        try:
            orjson.dumps(value)
        except (TypeError, RecursionError):
            return _storable(text)
    # Escapes can hide both a secret and a NUL from a look at the text.
    return scrubber.value(value) if "\\" in text else value


def _storable(text: str) -> str:
    return text.replace("\0", NUL_SHOWN)


def keep_value(value: Any, limit: int, scrubber: Scrubber) -> Any:
    """The output for a value that a function returned. Raises TypeError where it cannot be written as
    JSON."""
    if value is None or value is True or value is False:
        return value
    return keep_bytes(orjson.dumps(value), limit, scrubber)


def keep_answer(secrets: Sequence[Any], output: Any, error: str | None, limit: int) -> tuple[Any, str | None]:
    """What a target said by callback, as it may be stored: scrubbed of `secrets` (which may be texts, lists and objects
    of texts), the output cut at `limit` bytes.

    The output can be written as JSON; a cut one is text. Both are None where they were."""
    scrubber = Scrubber(secrets)
    kept = None if output is None else keep_value(output, limit, scrubber)
    return kept, None if error is None else error_text(error, scrubber)


def error_text(text: str, scrubber: Scrubber) -> str:
    """An error as it may be stored: scrubbed, one piece, not endless."""
    clean = _storable(scrubber.text(text))
    return clean if len(clean) <= _MAX_ERROR else clean[:_MAX_ERROR] + "..."
