"""How our own API writes errors: as RFC 9457 problem documents that list every problem.

Dialects have envelopes of their own, and use `status_of` and `headers_of`.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.web import Answer, Internal, Malformed, NoRoute, WrongMethod, json_answer
from horarium.domain.errors import (
    Conflict,
    Forbidden,
    HorariumError,
    Invalid,
    NotFound,
    Problem,
    QuotaReached,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

PROBLEM = b"application/problem+json"

_KINDS: tuple[tuple[type[HorariumError], int, str, str], ...] = (
    (Malformed, 400, "malformed", "The body cannot be read"),
    (Invalid, 400, "invalid", "The request cannot be accepted"),
    (Unauthorized, 401, "unauthorized", "A valid API key is needed"),
    (Forbidden, 403, "forbidden", "This key may not do that"),
    (QuotaReached, 403, "quota", "A quota of the workspace is reached"),
    (NoRoute, 404, "no-route", "This path does not exist"),
    (NotFound, 404, "not-found", "It does not exist in this workspace"),
    (WrongMethod, 405, "wrong-method", "This method is not allowed at this path"),
    (Conflict, 409, "conflict", "It contradicts what is stored"),
    (TooLarge, 413, "too-large", "The body is too large"),
    (RateLimited, 429, "rate-limited", "Too many requests"),
    (Internal, 500, "internal", "Something went wrong on the server"),
    (Unavailable, 503, "unavailable", "The server cannot do this now"),
)


def status_of(error: HorariumError) -> int:
    """The HTTP status of an error."""
    return _kind(error)[0]


def headers_of(error: HorariumError, challenge: str | None = "Bearer") -> dict[str, str]:
    """The headers that belong to an error: when to come back, which methods are possible, how a key is sent.

    `challenge` is the scheme of WWW-Authenticate; None leaves that header out.
    """
    if isinstance(error, RateLimited):
        return {"Retry-After": str(-(-error.retry_after_ms // 1000))}  # whole seconds, rounded up
    if isinstance(error, Unavailable):
        return {"Retry-After": "1"}
    if isinstance(error, Unauthorized) and challenge is not None:
        return {"WWW-Authenticate": challenge}
    return {"Allow": error.allowed} if isinstance(error, WrongMethod) else {}


def problem_answer(error: HorariumError, request: Request) -> Answer:
    """The answer for an error: a problem document. It always has the list `errors`."""
    status, word, title = _kind(error)
    document: dict[str, Any] = {
        "type": f"urn:horarium:problem:{word}",
        "title": title,
        "status": status,
        "detail": str(error),
        "errors": problems_of(error),
    }
    if isinstance(error, Internal):
        document["request_id"] = error.request_id
    return json_answer(status, document, PROBLEM, headers_of(error))


def problems_of(error: HorariumError) -> list[dict[str, str]]:
    """Every problem of an error as {field, message, code}. Errors other than Invalid have one problem."""
    if isinstance(error, Invalid):
        return [_entry(problem) for problem in error.problems]
    if isinstance(error, Conflict):
        return [_entry(Problem(error.field, str(error), error.reason))]
    if isinstance(error, Forbidden) and error.scope:
        return [_entry(Problem("", str(error), f"scope:{error.scope}"))]
    if isinstance(error, QuotaReached):
        return [_entry(Problem("", str(error), f"quota:{error.quota}"))]
    return [_entry(Problem("", str(error), _kind(error)[1]))]


def _entry(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "message": problem.message, "code": problem.code}


def _kind(error: HorariumError) -> tuple[int, str, str]:
    for kind, status, word, title in _KINDS:
        if isinstance(error, kind):
            return status, word, title
    return 500, "internal", "Something went wrong on the server"
