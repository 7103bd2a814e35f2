"""What is wrong with a recurrence, told so that it can be mended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

TEXT_LIMIT = 80
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """One thing that is wrong.

    `field` is a path inside the recurrence ("minute", "calendars[0].hour[1].end", "timezone", or "" for the
    whole), `message` says what happened and what would be right, `text` is the offending text (cut if long),
    `kind` is "invalid", or "never" for what is well formed but has no instants (31 February).
    """

    field: str
    message: str
    text: str = ""
    kind: str = "invalid"


class RecurrenceError(ValueError):
    """A recurrence that cannot be understood or never fires; carries every problem that was found."""

    def __init__(self, problems: Iterable[ExpressionProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(_sentence(problem) for problem in self.problems))

    @property
    def never_fires(self) -> bool:
        """Nothing is wrong but that there are no instants."""
        return all(problem.kind == "never" for problem in self.problems)


def fail(field: str, message: str, text: object = "", kind: str = "invalid") -> RecurrenceError:
    """An error with one problem, for `raise fail(...)`."""
    return RecurrenceError([ExpressionProblem(field, message, clip(text), kind)])


def clip(text: object) -> str:
    """The offending text, short enough to print back."""
    shown = text if isinstance(text, str) else repr(text)
    return shown if len(shown) <= TEXT_LIMIT else shown[:TEXT_LIMIT] + "..."


def prefixed(prefix: str, error: RecurrenceError) -> list[ExpressionProblem]:
    """The problems of a part, seen from the whole: `prefix` is put before each field."""
    return [replace(p, field=f"{prefix}.{p.field}" if p.field else prefix) for p in error.problems]


class Collector:
    """Runs parsing steps and gathers the problems of all of them, so that they can be reported at once."""

    def __init__(self) -> None:
        self.problems: list[ExpressionProblem] = []

    def add(self, field: str, message: str, text: object = "") -> None:
        self.problems.append(ExpressionProblem(field, message, clip(text)))

    def attempt(self, step: Callable[[], T], fallback: T, prefix: str = "") -> T:
        """The value of `step`, or `fallback` with its problems noted (below `prefix`)."""
        try:
            return step()
        except RecurrenceError as error:
            self.problems.extend(prefixed(prefix, error) if prefix else error.problems)
            return fallback

    def finish(self) -> None:
        """Raises what was gathered, if anything."""
        if self.problems:
            raise RecurrenceError(self.problems)


def _sentence(problem: ExpressionProblem) -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
