"""Reads the fields of a JSON object one by one, and gathers what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from horarium.api.fields import Problems
from horarium.domain.errors import Problem
from horarium.domain.same_json import is_same_json
from horarium.times.instants import InstantError, Rounding, seconds_of

Choice = TypeVar("Choice", bound=str)
T = TypeVar("T")


class Fields:
    """The fields of an object. Each reader returns a value, or None where the field is left out or wrong.

    A field that is null counts as left out. Problems are gathered until `done` raises them together; the fields of
    an inner object gather theirs in the same place. `path` is put before the names in problems.
    """

    def __init__(self, body: Mapping[str, Any], path: str = "", problems: Problems | None = None) -> None:
        self.body, self.path = body, path
        self.problems = Problems() if problems is None else problems

    def __contains__(self, name: str) -> bool:
        return self.body.get(name) is not None

    def without_same_as(self, shown: Mapping[str, Any]) -> Fields:
        """These fields without those that are as they are shown, for an edit that keeps what is left out. So what has
        been shown can be sent back, also where it could not be given anew any more."""
        return Fields(
            {
                name: value
                for name, value in self.body.items()
                if name not in shown or not is_same_json(value, shown[name])
            },
            self.path,
            self.problems,
        )

    def wrong(self, name: str, message: str, code: str = "value") -> None:
        """Note that something is wrong with a field."""
        self.problems.wrong(self._place(name), message, code)

    def note(self, problems: Iterable[Problem]) -> None:
        """Note problems that somebody else found; their fields are paths from the body's root."""
        self.problems.extend(problems)

    def done(self) -> None:
        """Raises Invalid with every problem that was noted, if there is any."""
        self.problems.done()

    def settled(self, value: T | None) -> T:
        """As `done`; returns a value that is there because nothing was wrong."""
        return self.problems.settled(value)

    def value(self, name: str, kind: type | tuple[type, ...], words: str, required: bool = False) -> Any:
        """A value of a JSON type, or None; `words` say what it must be."""
        found = self.body.get(name)
        if found is None:
            if required:
                self.wrong(name, "is required", "required")
            return None
        true_or_false = isinstance(found, bool) and kind is not bool
        if true_or_false or not isinstance(found, kind):
            self.wrong(name, f"must be {words}", "type")
            return None
        return found

    def text(self, name: str, required: bool = False, most: int = 10_000) -> str | None:
        """A text; where it is required, not an empty one."""
        found: str | None = self.value(name, str, "a string", required)
        if found is None:
            return None
        if required and not found.strip():
            self.wrong(name, "must not be empty", "required")
        elif len(found) > most:
            self.wrong(name, f"is {len(found)} characters long; at most {most} are allowed", "too_long")
        elif "\0" in found:
            self.wrong(name, "must not contain NUL characters")
        else:
            return found
        return None

    def flag(self, name: str, required: bool = False) -> bool | None:
        """True or false."""
        found: bool | None = self.value(name, bool, "true or false", required)
        return found

    def integer(
        self, name: str, least: int = 0, most: int = (1 << 53) - 1, required: bool = False
    ) -> int | None:
        """A whole number from `least` to `most`."""
        found: int | None = self.value(name, int, "a whole number", required)
        if found is not None and not least <= found <= most:
            self.wrong(name, f"must be a whole number from {least} to {most}")
            return None
        return found

    def choice(self, name: str, among: Sequence[Choice], required: bool = False) -> Choice | None:
        """One of a few texts."""
        found = self.text(name, required)
        for choice in among:
            if choice == found:
                return choice
        if found is not None:
            self.wrong(name, f"must be one of {', '.join(among)}")
        return None

    def items(self, name: str, required: bool = False) -> list[Any] | None:
        """An array."""
        found: list[Any] | None = self.value(name, list, "an array", required)
        return found

    def object(self, name: str, required: bool = False) -> dict[str, Any] | None:
        """An object, as it is."""
        found: dict[str, Any] | None = self.value(name, dict, "an object", required)
        return found

    def instant(self, name: str, rounding: Rounding, required: bool = False) -> int | None:
        """The seconds since the epoch of an RFC 3339 text with an offset. Where something begins is rounded up, so that
        nothing is early; where something ends is rounded down."""
        found = self.text(name, required)
        if found is None:
            return None
        try:
            return seconds_of(found, rounding)
        except InstantError as error:
            self.wrong(name, str(error))
            return None

    def reference(self, name: str, required: bool = False) -> str | int | None:
        """What names a target: an id or a key as text, or a number."""
        if isinstance(self.body.get(name), str):
            return self.text(name, required)
        found: int | None = self.value(name, int, "an id, a key or a number", required)
        return found

    def inner(self, name: str, required: bool = False) -> Fields:
        """The fields of an object in a field; of an empty one where it is left out."""
        found = self.object(name, required) or {}
        return Fields(found, self._place(name), self.problems)

    def _place(self, name: str) -> str:
        return ".".join(part for part in (self.path, name) if part)
