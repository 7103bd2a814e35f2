"""Texts of callers and of those that they call, as a terminal and a log show them."""

from __future__ import annotations

import json
import re

# What moves or colours a terminal, turns the direction of a text, or cannot be written; line ends and tabs may stay.
_NOT_PLAIN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain(text: str) -> str:
    """A text that does nothing to who looks at it: escapes of JSON stand for the rest. JSON keeps its value so."""
    return _NOT_PLAIN.sub(lambda found: json.dumps(found[0])[1:-1], text)
