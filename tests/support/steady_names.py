"""Names of tests that are the same in each process. Several processes that run tests have to find the same ones, and
refuse to begin where a name differs."""

import re
from collections.abc import Iterable

# What `str` and `repr` make of an object (its address) and of random bytes, whose quotes depend on what they hold.
_BY_CHANCE = re.compile(r" at 0x[0-9a-f]+>|\bb['\"]\\+x")


def by_chance(names: Iterable[str]) -> list[str]:
    """The names that hold an address or the bytes of an id, and so may differ from one process to the next."""
    return [name for name in names if _BY_CHANCE.search(name)]
