"""Names of tests that are the same in each process. Several processes that run tests have to find the same ones, and
refuse to begin where a name differs."""

import re
from collections.abc import Iterable

# What `str` and `repr` make of an object (its address) and of random bytes, whose quotes depend on what they hold; and
# the beginning of what gzip compressed, where the second it was compressed in follows (none with `mtime=0`).
_BY_CHANCE = re.compile(r" at 0x[0-9a-f]+>|\bb['\"]\\+x|\\+x1f\\+x8b\\+x08\\+x00(?!(?:\\+x00){4})")


def by_chance(names: Iterable[str]) -> list[str]:
    """The names that hold an address, the bytes of an id or a time, and so may differ from one process to the next."""
    return [name for name in names if _BY_CHANCE.search(name)]
