"""Errors in recurrences: what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

# How much of an offending text is kept, in characters.
TEXT_LIMIT = 80
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """One thing that is wrong with a recurrence, its time zone or its policies.

    `field` is a path inside the recurrence ("minute", "calendars[0].hour[1].end"; "" means the whole), or the
    name of another field of the timing ("timezone"). `message` says what is wrong and what would be right.
    `text` is the offending text, cut if it is long. `kind` is "invalid", or "never" for what is well formed
    but never fires, such as 31 February.
    """

    field: str
    message: str
    text: str = ""
    kind: str = "invalid"


class RecurrenceError(ValueError):
    """A recurrence that cannot be read or never fires. `problems` holds everything that was found, at least one."""

    def __init__(self, problems: Iterable[ExpressionProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(_sentence(problem) for problem in self.problems))

    @property
    def never_fires(self) -> bool:
        """Whether the recurrence is well formed and only has no instants."""
        return all(problem.kind == "never" for problem in self.problems)


def fail(field: str, message: str, text: object = "", kind: str = "invalid") -> RecurrenceError:
    """An error with one problem; it is used as `raise fail(...)`."""
    return RecurrenceError([ExpressionProblem(field, message, clip(text), kind)])


def clip(text: object) -> str:
    """An offending value as text, cut to TEXT_LIMIT characters."""
    shown = text if isinstance(text, str) else repr(text)
    return shown if len(shown) <= TEXT_LIMIT else shown[:TEXT_LIMIT] + "..."


def prefixed(prefix: str, error: RecurrenceError) -> list[ExpressionProblem]:
    """The problems of a part of a recurrence, with `prefix` put before each field."""
    return [replace(p, field=f"{prefix}.{p.field}" if p.field else prefix) for p in error.problems]


class Collector:
    """Runs several parsing steps and collects the problems of all of them, so that one error reports them together."""

    def __init__(self) -> None:
        self.problems: list[ExpressionProblem] = []

    def add(self, field: str, message: str, text: object = "") -> None:
        """Note a problem."""
        self.problems.append(ExpressionProblem(field, message, clip(text)))

    def attempt(self, step: Callable[[], T], fallback: T, prefix: str = "") -> T:
        """The value of `step`. If it raises RecurrenceError, note its problems under `prefix` and return `fallback`."""
        try:
            return step()
        except RecurrenceError as error:
            self.problems.extend(prefixed(prefix, error) if prefix else error.problems)
            return fallback

    def finish(self) -> None:
        """Raises RecurrenceError if problems were noted."""
        if self.problems:
            raise RecurrenceError(self.problems)


def _sentence(problem: ExpressionProblem) -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
