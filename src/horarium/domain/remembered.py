"""Values that are remembered for a while, up to a number of bytes.

What callers send decides how large a value is, so it is no bound to remember so many.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Values by key: at most `most`, and at most `most_bytes` of them. Where one more is too many, all others are
    forgotten; they are found again as they were found before."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._known: dict[K, tuple[V, int]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: K) -> V | None:
        """The value of a key; None where it is not known."""
        found = self._known.get(key)
        return None if found is None else found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Remember a value that takes `size` bytes. One that is larger than all may be is remembered alone."""
        self._bytes -= self._known.pop(key, (None, 0))[1]
        if len(self._known) >= self._most or self._bytes + size > self._most_bytes:
            self.clear()
        self._known[key] = (value, size)
        self._bytes += size

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
        self._bytes = 0
