"""Answers that are kept because the same question is asked again, up to a number of bytes.

What callers send decides how large an answer is. So it is no bound to keep so many of them: a few thousand of the
longest recurrences would fill the memory of a server for good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# What it takes to keep an answer at all, beside the question and the answer.
ENTRY_BYTES = 300


class Kept(Generic[P, T]):
    """A function of texts and other values that never change, with its answers.

    `size` says how many bytes a question and its answer take together, and `most` how many may be kept. There are two
    halves: when the younger one is full, it becomes the older one, whose answers are forgotten; so what is asked again
    stays. Threads may ask at the same time, and at worst find the same answer twice.
    """

    def __init__(self, answer: Callable[P, T], size: Callable[[tuple[Any, ...], T], int], most: int) -> None:
        self._answer, self._size, self._most_of_half = answer, size, most // 2
        self._young: dict[object, T] = {}
        self._old: dict[object, T] = {}
        self._held = 0
        self.__doc__, self.__wrapped__ = answer.__doc__, answer

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        assert not kwargs
        question = args[0] if len(args) == 1 else args
        found = self._young.get(question, self)
        if found is not self:
            return found  # type: ignore[return-value]
        known = self._old.get(question, self)
        answer: T = self._answer(*args, **kwargs) if known is self else known  # type: ignore[assignment]
        size = ENTRY_BYTES + self._size(args, answer)
        if self._held + size > self._most_of_half:
            self._old, self._young, self._held = self._young, {}, 0
        if size <= self._most_of_half:
            self._young[question] = answer
            self._held += size
        return answer

    def cache_clear(self) -> None:
        """Forget all answers."""
        self._old, self._young, self._held = {}, {}, 0


def kept(most: int, size: Callable[[tuple[Any, ...], T], int]) -> Callable[[Callable[P, T]], Kept[P, T]]:
    """Keep the answers of a function, up to `most` bytes. See `Kept`."""

    def keeping(answer: Callable[P, T]) -> Kept[P, T]:
        return Kept(answer, size, most)

    return keeping
