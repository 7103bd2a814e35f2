"""How this dialect writes errors: `{"errors": [...]}`, a sentence each, with every problem that was found."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api.errors import headers_of, status_of
from horarium.api.web import Answer, NoRoute, json_answer
from horarium.domain.errors import Forbidden, HorariumError, Invalid, NotFound, Problem, told

NAME_REQUIRED = "Event name is required"
NOT_FOUND = "Scheduled event not found"
NOT_YOURS = "Scheduled event does not belong to your company"
NO_TARGET = "Target resource does not belong to your company"


class RequestRefused(HorariumError):
    """A request that cannot be accepted, or that the key may not make: all of both kinds. A refusal of what
    is asked weighs more than one of who asks."""

    def __init__(self, forbidden: Sequence[str] = (), invalid: Sequence[Problem] = ()) -> None:
        self.forbidden, self.invalid = tuple(forbidden), told(invalid)
        super().__init__("; ".join(self.texts))

    @property
    def texts(self) -> list[str]:
        return [*self.forbidden, *(sentence(one) for one in self.invalid)]


class EventNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("scheduled event")


def no_permission(kind: str, number: int) -> str:
    """What a key is told that holds no grant on a target."""
    return f"API key does not have permission to access the target {kind} (ID: {number})"


def sentence(problem: Problem) -> str:
    """A problem as a sentence; the document's own texts stand alone."""
    return f"{problem.field}: {problem.message}" if problem.field else problem.message


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error."""
    headers = headers_of(error, challenge=None)
    return json_answer(_status(error), {"errors": _texts(error)}, headers=headers)


def _status(error: HorariumError) -> int:
    if isinstance(error, RequestRefused):
        return 400 if error.invalid else 403
    return status_of(error)


def _texts(error: HorariumError) -> list[str]:
    if isinstance(error, RequestRefused):
        return error.texts
    if isinstance(error, Invalid):
        return [sentence(one) for one in error.problems]
    if isinstance(error, NotFound) and not isinstance(error, NoRoute):
        return [NOT_FOUND]
    if isinstance(error, Forbidden) and not error.scope:
        return [NOT_YOURS]
    return [str(error)]
