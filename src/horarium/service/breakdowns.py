"""Where code broke down that was called here, as it is told in the log, and whose fault it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from traceback import format_tb, walk_tb

# Of errors that come of each other so many are told.
MOST_CAUSES = 5

_OURS = __name__.partition(".")[0]


def places_of(error: BaseException | None) -> str | None:
    """The lines of the program at which an error arose, and of which type it is, without its words: these may quote
    what a target or an engine has said, and with it a secret. None where there is no error."""
    if error is None:
        return None
    parts = ["".join(format_tb(each.__traceback__)) + type(each).__qualname__ for each in _with_causes(error)]
    return "\n".join(reversed(parts))


def is_of_library(error: BaseException) -> bool:
    """Whether an error arose in a library that is not ours, whatever of Python's own the library was using. What a
    library raises where our own code broke down below it is ours."""
    modules = [_module_of(each) for each in _with_causes(error)]
    return modules[0] is not None and _OURS not in modules


def _module_of(error: BaseException) -> str | None:
    """The package in which an error arose, leaving out what is Python's own."""
    names = [
        str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)
    ]
    return next((name for name in reversed(names) if name not in sys.stdlib_module_names), None)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    for _ in range(MOST_CAUSES):
        if each is None:
            return
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
