"""Finds the name that somebody most likely meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# Longer names are compared with nothing: no name of ours is nearly as long, and comparing takes time.
LONGEST = 40
# How alike two names must be, from 0 to 1, for one to be offered instead of the other.
_ALIKE = 0.7


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, or None where none is near.

    Upper case, hyphens and underscores do not count: timeZone, time-zone and time_zone all mean timezone.
    """
    if len(name) > LONGEST:
        return None
    plain_names = {plain(known_name): known_name for known_name in known}
    given = plain(name)
    if given in plain_names:
        return plain_names[given]
    found = get_close_matches(given, plain_names, 1, _ALIKE)
    return plain_names[found[0]] if found else None


def plain(name: str) -> str:
    """A name as names are compared."""
    return name.lower().replace("_", "").replace("-", "")


def did_you_mean(name: str, known: Iterable[str], kind: str) -> str:
    """The end of a sentence about an unknown name: what was probably meant, or else which names there are.

    `kind` says of what kind the names are, in the plural: "the fields are a, b, c".
    """
    names = tuple(known)
    found = nearest(name, names)
    if found is not None:
        return f"did you mean {found}?"
    return f"the {kind} are {', '.join(names)}" if names else f"there are no {kind}"
