"""Pages of lists that look at a bounded number of rows.

A filter that matches little would read a workspace's whole history for one page. So a page may end before it is full:
it says how far was looked, and the next page goes on there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Walk(Generic[T]):
    """What was found on a way through a list, each with its place. `reached`: everything up to this place was looked
    at; None where the list ends."""

    found: Sequence[tuple[bytes, T]]
    reached: bytes | None


def merged(walks: Iterable[Walk[T]], limit: int) -> Walk[T]:
    """The first `limit` of what was found on several ways through one list, the highest places first."""
    walks = list(walks)
    floor = max((walk.reached for walk in walks if walk.reached is not None), default=None)
    found = [entry for walk in walks for entry in walk.found if floor is None or entry[0] >= floor]
    found.sort(key=lambda entry: entry[0], reverse=True)
    if len(found) > limit:
        return Walk(found[:limit], found[limit - 1][0])
    return Walk(found, floor)


def walked(found: Sequence[tuple[bytes, T]], limit: int, floor: bytes | None) -> Walk[T]:
    """What one statement found that asks for up to `limit` rows down to the place `floor` (None: to the end)."""
    return Walk(found, found[-1][0] if len(found) >= limit else floor)


def looked_down_to(floor: bytes, bound: Sequence[Any] | None) -> bytes:
    """Down to which place a page looks: to `floor`, or to that of the row at its bound, where there is such a row."""
    return floor if bound is None else max(floor, bound[0])
