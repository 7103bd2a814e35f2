"""How the output of a run is stored, whoever found it: an attempt here, or a look at the engine that has the run."""

from __future__ import annotations

from typing import Any

import orjson

from horarium.domain.json_text import too_deep


def stored_output(output: Any, most: int) -> str | None:
    """An output as it is stored: as JSON, or as the beginning of a text if it is larger than the workspace allows
    (`most` bytes)."""
    if output is None:
        return None
    text = _as_json(output)
    if too_deep(output, text):  # it could not be shown within an answer
        text = orjson.dumps(text.decode())
    if len(text) <= most:
        return text.decode()
    whole = output.encode("utf-8", "replace") if isinstance(output, str) else text
    return orjson.dumps(whole[:most].decode("utf-8", "ignore")).decode()


def _as_json(output: Any) -> bytes:
    """An output as JSON. Executors are foreign code: what is not quite JSON must not take the worker down."""
    try:
        return orjson.dumps(output)
    except TypeError:
        pass
    try:
        return orjson.dumps(output, default=repr, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:  # nested very deeply, or a whole number of more than 64 bits
        return orjson.dumps(f"the output could not be written as JSON: {error}")
