"""The errors of the domain, on one screen.

HorariumError
├── Invalid        the request can be read but not accepted; carries every problem found
├── NotFound       no such thing in this workspace
├── Conflict       it clashes with what is stored (a name taken, a version passed, a state that forbids it)
├── Unauthorized   no key, or one that is not known, expired or revoked
├── Forbidden      the key is good but lacks a scope or a grant
├── TooLarge       the body is larger than the server takes
├── RateLimited    too many requests; says when to come back
└── Unavailable    the store cannot be reached or is shutting down

Each is rendered once, at the edge, by the API it leaves through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: where, what happened and what would be right.

    `field` is a dotted path from the body's root ("recurrence.minute", "" for the whole body); `code` is a
    short machine word ("required", "type", "value", "unknown", "conflict") a client may switch on.
    """

    field: str
    message: str
    code: str = "value"


class HorariumError(Exception):
    """Base of every error that a user may see; `str(error)` is a sentence for them."""


class Invalid(HorariumError):
    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(
            "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in self.problems)
        )


class NotFound(HorariumError):
    def __init__(self, kind: str, given: str = "") -> None:
        self.kind, self.given = kind, given
        super().__init__(f"{kind} {given!r} not found" if given else f"{kind} not found")


class Conflict(HorariumError):
    """`reason` is a machine word: version, key_taken, state, idempotency, duplicate."""

    def __init__(self, message: str, reason: str = "state", field: str = "") -> None:
        self.reason, self.field = reason, field
        super().__init__(message)


class Unauthorized(HorariumError):
    pass


class Forbidden(HorariumError):
    """`scope` names the missing scope, or is empty where a grant on a target is missing."""

    def __init__(self, message: str, scope: str = "") -> None:
        self.scope = scope
        super().__init__(message)


class TooLarge(HorariumError):
    pass


class RateLimited(HorariumError):
    def __init__(self, message: str, retry_after_ms: int) -> None:
        self.retry_after_ms = retry_after_ms
        super().__init__(message)


class Unavailable(HorariumError):
    pass
