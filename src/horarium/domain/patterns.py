"""Regular expressions that callers send, in an engine whose time and memory are bounded (RE2).

RE2 knows no look-around and no back-references; in return a search is linear in the text. How linear depends on the
compiled pattern, so its size is known, and what a search costs can be charged before it is made.
"""

from __future__ import annotations

import re
from functools import lru_cache

import re2

# Bytes that a compiled pattern may take, and how many compiled ones are kept.
MOST_BYTES = 512 * 1024
_KEPT = 64
# In the slowest case RE2 looks at some 200 pairs of an instruction and a byte of the text in a microsecond.
_PAIRS_IN_A_STEP = 200
_UNICODE = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9A-Fa-f]{4})")


class BadPattern(ValueError):
    """A pattern that cannot be used; the text says why, and goes on from "the pattern ..."."""


class Pattern:
    """A compiled pattern. Strings are searched: a pattern that must match the whole says so with ^ and $."""

    __slots__ = ("_compiled", "size")

    def __init__(self, text: str) -> None:
        """Raises BadPattern."""
        options = re2.Options()
        options.max_mem, options.log_errors, options.never_capture = MOST_BYTES, False, True
        try:
            # JSON Schema takes its syntax from JavaScript, which writes code points with \u.
            self._compiled = re2.compile(_UNICODE.sub(r"\1\\x{\2}", text), options)
        except re2.error as error:
            raise BadPattern(_reason(error)) from None
        # Instructions of the compiled pattern.
        self.size: int = self._compiled.programsize

    def cost(self, text: str) -> int:
        """Microseconds, roughly, that a search in `text` takes in the worst case."""
        size = len(text) if text.isascii() else 4 * len(text)
        return 1 + self.size * size // _PAIRS_IN_A_STEP

    def found_in(self, text: str) -> bool:
        return self._compiled.search(text) is not None


@lru_cache(maxsize=_KEPT)
def compiled(text: str) -> Pattern:
    """Raises BadPattern."""
    return Pattern(text)


def _reason(error: re2.error) -> str:
    found = error.args[0] if error.args else ""
    words = found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
    if "too large" in words or "repetition size" in words:
        return "is too large when compiled: use fewer counted repetitions, or narrower classes of characters"
    return f"cannot be used ({words[:100]}); look-around and back-references are not supported"
