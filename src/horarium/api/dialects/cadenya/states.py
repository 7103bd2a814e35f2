"""The state of a resource in both spellings: `spec.status`, which older clients know, and `state` beside the spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from horarium.api.kit import Fields, Query

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StateNames(Generic[T]):
    """What the states of a kind of resource are called. `older` is what its names begin with in `spec.status`, and
    `states` has each state by the word that both spellings end with."""

    older: str
    states: Mapping[str, T]

    def read(self, spec: Fields, beside: Fields) -> T | None:
        """The state that a body asks for; None where it asks for none. Where both fields ask, they must agree."""
        status, state = self._in(spec, "status"), self._in(beside, "state")
        if status is not None and state is not None and status != state:
            beside.wrong("state", "differs from spec.status, of which it is another name; give one of them")
        return state if status is None else status

    def asked(self, query: Query) -> T | None:
        """The state that a list is narrowed to; None for all. `status` is another name of the parameter `state`."""
        known = self.known()
        asked = [known.get(query.choice(name, tuple(known)) or "") for name in ("state", "status")]
        given = [state for state in asked if state is not None]
        if len(given) == 2 and given[0] != given[1]:
            query.wrong("status", "differs from state, of which it is another name; give one of them")
        return given[0] if given else None

    def known(self) -> Mapping[str, T | None]:
        """Each state by all of its names; None for UNSPECIFIED."""
        words: Mapping[str, T | None] = {"UNSPECIFIED": None, **self.states}
        return {f"{prefix}_{word}": words[word] for prefix in (self.older, "STATE") for word in words}

    def status(self, state: T) -> str:
        """A state as `spec.status` has it."""
        return f"{self.older}_{self._word(state)}"

    def state(self, state: T) -> str:
        """A state as the field `state` has it."""
        return f"STATE_{self._word(state)}"

    def _word(self, state: T) -> str:
        return next(word for word, known in self.states.items() if known == state)

    def _in(self, fields: Fields, name: str) -> T | None:
        known = self.known()
        return known.get(fields.choice(name, tuple(known)) or "")
