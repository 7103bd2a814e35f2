"""Where code broke down that the worker has called, as it is told in the log."""

from __future__ import annotations

from traceback import format_tb

# Of errors that come of each other so many are told.
MOST_CAUSES = 5


def places_of(error: BaseException | None) -> str | None:
    """The lines of the program at which an error arose, and of which type it is, without its words: these may quote
    what a target or an engine has said, and with it a secret. None where there is no error."""
    if error is None:
        return None
    parts = list[str]()
    each: BaseException | None = error
    while each is not None and len(parts) < MOST_CAUSES:
        parts.append("".join(format_tb(each.__traceback__)) + type(each).__qualname__)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return "\n".join(reversed(parts))
