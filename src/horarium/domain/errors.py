"""The errors that users may see. All are HorariumErrors:

- Invalid: the request is readable but cannot be accepted; it carries every problem found
- NotFound: what the request names does not exist in this workspace
- Conflict: the request contradicts what is stored (a key in use, an outdated version, a state that forbids it)
- Unauthorized: the API key is missing, unknown, expired or revoked
- Forbidden: the API key is valid but lacks a scope or a grant
- QuotaReached: the workspace may not have more of something
- TooLarge: the body is larger than the server accepts
- RateLimited: too many requests were made; the error says when to try again
- Unavailable: the store cannot be reached, or the server is shutting down

The API through which an error leaves writes it in its own form, in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from horarium.domain.ids import Id, prefixed


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request: where it is, what is wrong and what would be right.

    `field` is a dotted path from the root of the body ("recurrence.minute"; "" means the whole body).
    `message` continues a sentence that begins with the field: "must not be empty". `code` is a short word for
    programs: "required", "type", "value", "unknown", "conflict" and a few more.
    """

    field: str
    message: str
    code: str = "value"


# How many problems of one request are told, and how many characters of each, so that a refusal stays small whatever is
# refused. Some of these characters come from the request itself.
MOST_PROBLEMS = 100
LONGEST_FIELD = 200
LONGEST_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class FurtherProblems(Problem):
    """Stands at the end of a list that was cut: `count` further problems were found and are not listed."""

    count: int = 0


def told(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The first MOST_PROBLEMS problems, and FurtherProblems if there are more.

    An iterator that yields very many is read to its end, but not kept.
    """
    first: list[Problem] = []
    further = 0
    for problem in problems:
        if isinstance(problem, FurtherProblems):
            further += problem.count
        elif len(first) < MOST_PROBLEMS:
            first.append(_shortened(problem))
        else:
            further += 1
    if further:
        words = f"{further} more {'problem is' if further == 1 else 'problems are'} not listed"
        first.append(FurtherProblems("", words, "more", further))
    return tuple(first)


def _shortened(problem: Problem) -> Problem:
    if len(problem.field) <= LONGEST_FIELD and len(problem.message) <= LONGEST_MESSAGE:
        return problem
    return Problem(_cut(problem.field, LONGEST_FIELD), _cut(problem.message, LONGEST_MESSAGE), problem.code)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


class HorariumError(Exception):
    """Base class of every error that a user may see. `str(error)` is written for the user."""

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is pickled: with all that it carries, whatever it is made from."""
        return _error_of, (type(self), self.args, self.__dict__)


def _error_of(kind: type[HorariumError], words: tuple[Any, ...], carried: dict[str, Any]) -> HorariumError:
    error = kind.__new__(kind)
    error.args = words
    error.__dict__.update(carried)
    return error


class Invalid(HorariumError):
    """The request cannot be accepted. `problems` holds what is wrong with it, at least one problem, cut by `told`."""

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems = told((problems,) if isinstance(problems, Problem) else problems)
        super().__init__(
            "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in self.problems)
        )


class NotFound(HorariumError):
    """What the request names does not exist in this workspace.

    `kind` says what it would be ("schedule"), `given` how the request named it, `hint` what a name would be.
    """

    def __init__(self, kind: str, given: str = "", hint: str = "") -> None:
        self.kind, self.given = kind, _cut(given, LONGEST_FIELD)
        words = f"{kind} {self.given!r} not found" if given else f"{kind} not found"
        super().__init__(f"{words}: {hint}" if hint else words)


class Conflict(HorariumError):
    """The request contradicts what is stored.

    `reason` is a word for programs: version, key_taken, state, idempotency, duplicate or in_use. `field`
    names the field of the request that causes the conflict, where there is one.
    """

    def __init__(self, message: str, reason: str = "state", field: str = "") -> None:
        self.reason, self.field = reason, field
        super().__init__(message)


class NothingAtVersion(Conflict):
    """A change is for a version of something that does not exist. `kind` says what it would be."""

    def __init__(self, kind: str, key: str, version: int) -> None:
        words = f"there is no {kind} with the key {key[:80]!r}, so none is at version {version}; leave the version out"
        super().__init__(words, "version", "version")


class InUse(Conflict):
    """A target cannot be deleted because schedules need it.

    `holders` are the id and the name of some of them; `more` says that there are others.
    """

    def __init__(self, holders: Sequence[tuple[Id, str]], more: bool) -> None:
        self.holders, self.more = tuple(holders), more
        super().__init__(self.told(lambda holder: prefixed("sch", holder)), "in_use")

    def told(self, written: Callable[[Id], str]) -> str:
        """The sentence for users, with ids as `written` writes them."""
        named = ", ".join(f"{name!r} ({written(holder)})" for holder, name in self.holders)
        others = " and others" if self.more else ""
        return f"schedules still use this target: {named}{others}; delete them first"


class Unauthorized(HorariumError):
    """The request has no API key, or one that is unknown, expired or revoked."""


class Forbidden(HorariumError):
    """The key does not allow the request. `scope` names the missing scope; it is empty if a grant is missing."""

    def __init__(self, message: str, scope: str = "") -> None:
        self.scope = scope
        super().__init__(message)


class QuotaReached(HorariumError):
    """A quota of the workspace stands against the request. `quota` is its name, `most` its value."""

    def __init__(self, quota: str, most: int, workspace: str) -> None:
        self.quota, self.most = quota, most
        super().__init__(
            f"the quota {quota} of this workspace is {most}; a key of the whole server can change it: "
            f"horarium workspace set {workspace} --quota {quota}=NUMBER, or PATCH /horarium/v1/workspaces/{workspace}"
        )


class TooLarge(HorariumError):
    """The body of the request is larger than the server accepts."""


class RateLimited(HorariumError):
    """The key makes too many requests. After `retry_after_ms` milliseconds the next one is accepted."""

    def __init__(self, message: str, retry_after_ms: int) -> None:
        self.retry_after_ms = retry_after_ms
        super().__init__(message)


class Unavailable(HorariumError):
    """The request cannot be answered now, because the store or a source is out of reach or the server shuts down."""
