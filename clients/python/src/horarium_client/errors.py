"""What can go wrong with a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class HorariumError(Exception):
    """A request was not carried out.

    `status` is the status of the answer, and None where there was none. `problem` is the whole answer (problem+json),
    `errors` its list of what is wrong: each has `field`, `message` and `code`. `request_id` names the request in the
    log of the server.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        problem: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem: Mapping[str, Any] = problem or {}
        self.errors: Sequence[Mapping[str, Any]] = self.problem.get("errors") or ()
        self.request_id = request_id


class NotReached(HorariumError):
    """There was no answer: the server was not reached, or the connection broke. It may have done what was asked."""


class Invalid(HorariumError):
    """400, 413, 415, 422: the server cannot accept what was sent; `errors` names the fields."""


class EventForgotten(Invalid):
    """The event after which events are to be followed was deleted, because it was too old. What came after it may be
    gone as well: read what is kept with `events.list_all(order="oldest")`, and follow from the last of it."""


class Unauthorized(HorariumError):
    """401: the key is missing, wrong, expired or revoked."""


class Forbidden(HorariumError):
    """403: the key may not do that, or a quota is reached."""


class NotFound(HorariumError):
    """404: there is no such thing in this workspace."""


class Conflict(HorariumError):
    """409, 412: it contradicts what is stored: a key that is taken, an outdated version, a state that forbids it."""


class TooManyRequests(HorariumError):
    """429: there were too many requests, also after the client had waited and tried again."""


class ServerFault(HorariumError):
    """5xx: the server cannot do it now."""


_BY_STATUS = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: TooManyRequests,
}


def error_of(
    status: int, said: Mapping[str, Any], request_id: str | None, doubt: str | None = None
) -> HorariumError:
    """The error for an answer that is no success. `doubt`: what else may have caused it."""
    message = str(said.get("detail") or said.get("title") or f"the server answered {status}")
    if doubt is not None:
        message = f"{message} ({doubt})"
    kind = _BY_STATUS.get(status, ServerFault if status >= 500 else HorariumError)
    return kind(message, status, said, request_id)
